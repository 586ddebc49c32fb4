#include "persistence/row_plan.hpp"

#include <bit>
#include <functional>

namespace heed {
namespace {

void key_of(std::string& out, const Row& row) {
  out.clear();
  std::visit([&out](const auto& r) { append_key(out, r); }, row);
}

}  // namespace

void RowPlan::plan(std::span<Batch* const> batches) {
  std::size_t count = 0;
  for (const auto* batch : batches)
    count += batch->rows.size();
  rows_.clear();
  rows_.reserve(count);
  slots_.assign(std::bit_ceil(2 * count + 1), 0);
  for (auto* batch : batches)
    for (auto& row : batch->rows)
      add(row);
}

void RowPlan::add(Row& row) {
  if (std::holds_alternative<BrokerCallRow>(row)) {
    rows_.push_back(&row);
    return;
  }
  key_of(key_, row);
  const auto mask = slots_.size() - 1;
  auto at = (std::hash<std::string_view>{}(key_) + row.index()) & mask;
  for (; slots_[at] != 0; at = (at + 1) & mask) {
    auto& planned = rows_[slots_[at] - 1];
    if (planned->index() != row.index())
      continue;
    key_of(other_key_, *planned);
    if (other_key_ == key_) {
      planned = &row;
      return;
    }
  }
  rows_.push_back(&row);
  slots_[at] = static_cast<std::uint32_t>(rows_.size());
}

}  // namespace heed
