// A configuration on its way from text to value: what is read so far, where each key stood, and what is wrong.
#pragma once

#include "config/document.hpp"
#include "config/load.hpp"
#include "config/registry.hpp"

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace heed::config {

/// Stands for every table of a list that could not be read at all.
inline constexpr std::size_t all_items = static_cast<std::size_t>(-1);

/// A key of the configuration; without `key`, the table itself.
struct At {
  std::string_view section;
  std::size_t index = 0;
  std::string_view key = {};
};

class Reading {
public:
  explicit Reading(std::string_view file_name) : file_{file_name} {}

  Config config;

  void set_place(const At& at, Place place) { places_[name(at)] = place; }
  /// The key's value comes from an override, named so in messages.
  void set_origin(const At& at, std::string origin) { origins_[name(at)] = std::move(origin); }
  bool is_written(const At& at) const { return places_.contains(name(at)) || origins_.contains(name(at)); }
  /// What is said of it from here on would only follow from what has been said already.
  void mark_bad(const At& at) { bad_.insert(name(at)); }
  bool is_bad(const At& at) const { return bad_.contains(name(at)); }

  /// Adds a problem with place and full key filled in, to be completed by the caller until the next one is added.
  Problem& error(const At& at, std::string message, std::string fix = {});
  Problem& warning(const At& at, std::string message, std::string fix = {});
  void add(Problem problem);
  /// A secret that cannot be read, and need not be.
  void leave_unread(Problem problem);

  bool has_errors() const { return !errors_.empty(); }
  /// Errors and warnings in the order of the file, no more of each than a person would read.
  LoadOutcome finish() &&;

private:
  static std::string name(const At& at);
  Problem locate(const At& at, std::string message, std::string fix);

  std::string file_;
  std::map<std::string, Place> places_;
  std::map<std::string, std::string> origins_;
  std::set<std::string> bad_;
  std::vector<Problem> errors_;
  std::vector<Problem> warnings_;
  std::vector<Problem> unread_secrets_;
  Problem discarded_;
};

/// Fills in what follows from other keys: <data_dir>/heed.db and the like.
void fill_in(Config& config);

/// Everything that no key can be judged by alone.
void check(Reading& reading);

// Parts of it, in account_checks.cpp.
void check_accounts(Reading& reading);
void check_limits(Reading& reading);

}  // namespace heed::config
