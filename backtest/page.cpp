#include "backtest/page.hpp"

#include "backtest/chart.hpp"

namespace heed::backtest {
namespace {

constexpr std::string_view style = R"css(
:root{color-scheme:light dark;--bg:#fff;--fg:#1b1f24;--dim:#5b6470;--edge:#d8dde3;--card:#f6f8fa;--one:#0b5fcc;--two:#a85a00;
--good:#11703c;--bad:#b3261e;--goodrgb:17,112,60;--badrgb:179,38,30}
@media(prefers-color-scheme:dark){:root{--bg:#12161b;--fg:#e4e8ec;--dim:#9aa5b1;--edge:#333b45;--card:#1a2027;--one:#6cb0ff;
--two:#f0a852;--good:#5fce8f;--bad:#ff8a80;--goodrgb:70,170,110;--badrgb:220,90,80}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1040px;padding:24px 16px 64px;background:var(--bg);color:var(--fg);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
h1{font-size:26px;margin:0 0 4px}h2{font-size:19px;margin:36px 0 8px;border-bottom:1px solid var(--edge);padding-bottom:4px}
h3{font-size:16px;margin:20px 0 6px}p{margin:6px 0}.dim,.summary,caption{color:var(--dim)}.summary{font-size:13px}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(168px,1fr));gap:10px;margin:18px 0}
.card{background:var(--card);border:1px solid var(--edge);border-radius:8px;padding:10px 12px}
.card b{display:block;font-size:20px;font-variant-numeric:tabular-nums}.card span{color:var(--dim);font-size:13px}
.good{color:var(--good)}.bad{color:var(--bad)}
figure{margin:18px 0}figcaption{margin-bottom:4px}svg{width:100%;height:auto;display:block}
.near{display:none}@media(max-width:640px){.near{display:block}.far{display:none}h1{font-size:22px}
.cards{grid-template-columns:1fr 1fr}}
.grid{stroke:var(--edge);stroke-width:1}.tick{fill:var(--dim);font-size:12px}.line{fill:none;stroke-width:1.8}
.line.one{stroke:var(--one)}.line.two{stroke:var(--two);stroke-dasharray:5 3}.line.three{stroke:var(--bad)}
.area{stroke:none;opacity:.25}.area.three{fill:var(--bad)}
.key{margin-left:12px;padding-left:22px;position:relative}.key:before{content:"";position:absolute;left:0;top:.7em;width:16px;
border-top:3px solid}.key.one:before{color:var(--one)}.key.two:before{color:var(--two);border-top-style:dashed}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:14px;font-variant-numeric:tabular-nums;margin:8px 0}
caption{text-align:left;padding:2px 0}th,td{padding:4px 8px;border-bottom:1px solid var(--edge);text-align:right;white-space:nowrap}
th.t,td.t{text-align:left}td.t:first-child{white-space:normal}
.even table{table-layout:fixed;min-width:620px}.even th:first-child{width:28%}.even td.t:first-child{overflow-wrap:anywhere}thead th{color:var(--dim);font-weight:600}
.heat td,.heat thead th,.months td,.months thead th{text-align:center}.warm{background:rgba(var(--goodrgb),var(--s))}.cold{background:rgba(var(--badrgb),var(--s))}
.bar{display:inline-block;height:10px;background:var(--one);border-radius:2px;vertical-align:middle}
details summary{cursor:pointer;margin:8px 0}code{font-size:13px;word-break:break-all}
.warn{border-left:4px solid var(--two);background:var(--card);padding:10px 14px;margin:16px 0}
@media print{details{display:block}body{max-width:none}}
)css";

}  // namespace

std::string page(std::string_view title, std::string_view body) {
  std::string out =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
    "'unsafe-inline'\">\n<title>";
  out += escaped(title);
  out += "</title>\n<style>";
  out += style;
  out += "</style></head><body>\n";
  out += body;
  return out + "</body></html>\n";
}

PageTable::PageTable(std::string_view caption, const std::vector<std::string>& columns, std::size_t text_columns)
    : text_columns_{text_columns} {
  out_ = "<div class=\"wide\"><table>";
  if (!caption.empty())
    out_ += "<caption>" + escaped(caption) + "</caption>";
  out_ += "<thead><tr>";
  for (std::size_t i = 0; i < columns.size(); ++i)
    out_ +=
      (i < text_columns_ ? "<th scope=\"col\" class=\"t\">" : "<th scope=\"col\">") + escaped(columns[i]) + "</th>";
  out_ += "</tr></thead><tbody>\n";
}

void PageTable::row(const std::vector<std::string>& cells) {
  out_ += "<tr>";
  for (std::size_t i = 0; i < cells.size(); ++i)
    out_ += (i < text_columns_ ? "<td class=\"t\">" : "<td>") + escaped(cells[i]) + "</td>";
  out_ += "</tr>\n";
}

std::string PageTable::str() && {
  out_ += "</tbody></table></div>\n";
  return std::move(out_);
}

}  // namespace heed::backtest
