#include "api/counts.hpp"

#include <charconv>
#include <cmath>

namespace heed::api {
namespace {

/// The name under which HELP and TYPE stand: a histogram's parts share one.
std::string family(const MetricSample& sample) {
  if (sample.type == "histogram")
    for (const std::string_view suffix : {"_bucket", "_sum", "_count"})
      if (sample.name.ends_with(suffix))
        return sample.name.substr(0, sample.name.size() - suffix.size());
  return sample.name;
}

std::string escaped(const std::string& help) {
  std::string out;
  for (const char c : help) {
    if (c == '\n')
      out += "\\n";
    else if (c == '\\')
      out += "\\\\";
    else
      out += c;
  }
  return out;
}

std::string number(double value) {
  if (std::isnan(value))
    return "NaN";
  if (std::isinf(value))
    return value > 0 ? "+Inf" : "-Inf";
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  return {buffer, end};
}

struct Family {
  std::string name;
  std::string help;
  std::string type;
  std::string lines;
};

Family& family_of(std::vector<Family>& families, const MetricSample& sample) {
  const auto name = family(sample);
  for (auto& f : families)
    if (f.name == name)
      return f;
  families.push_back({name, sample.help, sample.type, {}});
  return families.back();
}

}  // namespace

void RequestCounts::add(const Route* route, int status) {
  const auto index = route == nullptr ? counts_.size() - 1 : static_cast<std::size_t>(route - routes().data());
  const auto kind = status >= 100 && status < 600 ? static_cast<std::size_t>(status / 100) : 0;
  counts_[index][kind].fetch_add(1, std::memory_order_relaxed);
}

std::vector<MetricSample> RequestCounts::samples() const {
  std::vector<MetricSample> out;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    const Route* route = i < routes().size() ? &routes()[i] : nullptr;
    for (std::size_t kind = 0; kind < counts_[i].size(); ++kind) {
      const auto count = counts_[i][kind].load(std::memory_order_relaxed);
      if (count == 0)
        continue;
      MetricSample sample;
      sample.name = "heed_http_requests_total";
      sample.labels = "route=\"" + (route == nullptr ? std::string{"none"} : route->pattern) + "\",method=\"" +
                      (route == nullptr ? std::string{"any"} : route->method) + "\",status=\"" +
                      std::to_string(kind) + "xx\"";
      sample.value = static_cast<double>(count);
      sample.help = "Requests answered, by route and kind of status.";
      sample.type = "counter";
      out.push_back(std::move(sample));
    }
  }
  return out;
}

std::string prometheus_text(const std::vector<MetricSample>& samples) {
  std::vector<Family> families;
  for (const auto& sample : samples) {
    auto& f = family_of(families, sample);
    f.lines +=
      sample.name + (sample.labels.empty() ? "" : "{" + sample.labels + "}") + " " + number(sample.value) + "\n";
  }
  std::string out;
  for (const auto& f : families) {
    if (!f.help.empty())
      out += "# HELP " + f.name + " " + escaped(f.help) + "\n";
    out += "# TYPE " + f.name + " " + (f.type.empty() ? "untyped" : f.type) + "\n" + f.lines;
  }
  return out;
}

}  // namespace heed::api
