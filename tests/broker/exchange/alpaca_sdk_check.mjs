// Holds the exchange against Alpaca's own JavaScript SDK, unmodified (versions 3 and 4).
//   node alpaca_sdk_check.mjs http://127.0.0.1:8421 FOLDER_WITH_NODE_MODULES
// The exchange must price AAPL and be in a session. Exit 0: all right; 77: no SDK there; 1: what failed is printed.
import { createRequire } from 'node:module';
import path from 'node:path';
import assert from 'node:assert/strict';

const [url, folder] = process.argv.slice(2);
const require = createRequire(path.join(path.resolve(folder ?? '.'), 'x.js'));
let sdk;
let ws;
try {
  sdk = require('@alpacahq/alpaca-trade-api');
  ws = require('ws');
} catch {
  console.log('skipped: @alpacahq/alpaca-trade-api is not installed in', folder);
  process.exit(77);
}

const run = String(Date.now());
const until = async (what, test) => {
  for (let i = 0; i < 200; ++i) {
    const value = await test();
    if (value) return value;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('never: ' + what);
};

// One face for both major versions.
function versionThree(Alpaca) {
  const api = new Alpaca({ keyId: 'heed', secretKey: 'heed', paper: true, baseUrl: url, dataBaseUrl: url, usePolygon: false });
  return {
    account: () => api.getAccount(),
    clock: () => api.getClock(),
    calendar: () => api.getCalendar({ start: '2020-11-25', end: '2020-11-28' }),
    order: (body) => api.createOrder(body),
    nested: () => api.getOrders({ status: 'all', nested: true, limit: 50, after: undefined, until: undefined, direction: 'desc', symbols: 'AAPL' }),
    replace: (id, change) => api.replaceOrder(id, change),
    cancel: (id) => api.cancelOrder(id),
    byName: (name) => api.getOrderByClientId(name),
    close: (symbol) => api.closePosition(symbol),
    position: (symbol) => api.getPosition(symbol).catch(() => null),
    price: async (symbol) => (await api.getLatestTrade(symbol)).Price,
    listen(onEvent) {
      const stream = api.trade_ws;
      stream.onConnect(() => stream.subscribe(['trade_updates']));
      stream.onOrderUpdate((update) => onEvent(update.event));
      stream.connect();
      return () => stream.disconnect();
    },
  };
}

function versionFour({ trading, marketData, streaming }) {
  const configuration = new trading.Configuration({ keyId: 'heed', secret: 'heed', basePath: url });
  const data = new marketData.StockApi(new marketData.Configuration({ keyId: 'heed', secret: 'heed', basePath: url }));
  const orders = new trading.OrdersApi(configuration);
  const raw = async (call) => (await call).raw.json().catch(() => null);
  const positions = new trading.PositionsApi(configuration);
  return {
    account: () => raw(new trading.AccountsApi(configuration).getAccountRaw()),
    clock: () => raw(new trading.ClockApi(configuration).legacyClockRaw()),
    calendar: () => raw(new trading.CalendarApi(configuration).legacyCalendarRaw({ start: new Date('2020-11-25'), end: new Date('2020-11-28') })),
    order: (b) =>
      raw(orders.postOrderRaw({
        postOrderRequest: {
          symbol: b.symbol, qty: b.qty, side: b.side, type: b.type, timeInForce: b.time_in_force, orderClass: b.order_class,
          limitPrice: b.limit_price, clientOrderId: b.client_order_id,
          takeProfit: b.take_profit && { limitPrice: b.take_profit.limit_price },
          stopLoss: b.stop_loss && { stopPrice: b.stop_loss.stop_price },
        },
      })),
    nested: () => raw(orders.getAllOrdersRaw({ status: 'all', nested: true, symbols: 'AAPL' })),
    replace: (id, c) => raw(orders.patchOrderByOrderIdRaw({ orderId: id, patchOrderRequest: { limitPrice: c.limit_price } })),
    cancel: (id) => orders.deleteOrderByOrderID({ orderId: id }),
    byName: (name) => raw(orders.getOrderByClientOrderIdRaw({ clientOrderId: name })),
    close: (symbol) => raw(positions.deleteOpenPositionRaw({ symbolOrAssetId: symbol })),
    position: (symbol) => raw(positions.getOpenPositionRaw({ symbolOrAssetId: symbol })).catch(() => null),
    price: async (symbol) => (await raw(data.stockLatestTradesRaw({ symbols: symbol }))).trades[symbol].p,
    listen(onEvent) {
      const stream = new streaming.TradingStream({
        credentials: { keyId: 'heed', secret: 'heed' }, url: url.replace('http', 'ws') + '/stream',
      });
      stream.onTradeUpdate((update) => onEvent(update.event));
      stream.onConnect(() => stream.subscribeTradeUpdates());
      stream.connect();
      return () => stream.disconnect();
    },
  };
}

const api = typeof sdk === 'function' ? versionThree(sdk) : versionFour(sdk);
const events = [];
const hang_up = api.listen((event) => events.push(event));

const account = await api.account();
assert.equal(account.status, 'ACTIVE');
assert.equal((await api.clock()).is_open, true);
const days = await api.calendar();
assert.deepEqual(days.map((day) => day.close), ['16:00', '13:00']);
const price = Number(await api.price('AAPL'));
assert.ok(price > 0);
await new Promise((resolve) => setTimeout(resolve, 500));  // the stream's handshake

const name = 'sdk-' + run;
const bracket = await api.order({
  symbol: 'AAPL', qty: '3', side: 'buy', type: 'market', time_in_force: 'gtc', order_class: 'bracket', client_order_id: name,
  take_profit: { limit_price: (price * 1.5).toFixed(2) }, stop_loss: { stop_price: (price * 0.5).toFixed(2) },
});
assert.equal(bracket.legs.length, 2);
await until('filled', async () => (await api.byName(name)).status === 'filled');
await until('fill event', () => events.includes('new') && events.includes('fill'));
const group = (await api.nested()).find((order) => order.id === bracket.id);
assert.equal(group.legs.length, 2);
assert.deepEqual(group.legs.map((leg) => leg.status), ['new', 'held']);

const target = group.legs[0];
const moved = await api.replace(target.id, { limit_price: (price * 1.6).toFixed(2) });
assert.equal(moved.replaces, target.id);
await until('replaced event', () => events.includes('replaced'));
await assert.rejects(api.close('AAPL'));  // the exits hold the shares
await api.cancel(moved.id);
await until('canceled event', () => events.includes('canceled'));
const closing = await api.close('AAPL');
assert.equal(closing.side, 'sell');
await until('flat', async () => !(await api.position('AAPL')));
hang_up();
console.log('ok', typeof sdk === 'function' ? 'SDK 3' : 'SDK 4', events.join(' '));
process.exit(0);
