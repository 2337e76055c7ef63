// Values as small numbers, in the order in which they are met.
#pragma once

#include <map>
#include <vector>

#include "reference/api/json.h"
#include "reference/api/value.h"

namespace kp::linearizability {

template <typename T>
class Interner {
 public:
  uint32_t Of(const T& item) {
    auto [at, is_new] = ids_.emplace(item, static_cast<uint32_t>(items_.size()));
    if (is_new) items_.push_back(&at->first);
    return at->second;
  }
  const T& operator[](uint32_t id) const { return *items_[id]; }
  size_t size() const { return items_.size(); }

 private:
  std::map<T, uint32_t> ids_;
  std::vector<const T*> items_;
};

// Of API values, by their canonical text.
class ValueInterner {
 public:
  uint32_t Of(const api::Value& value) { return texts_.Of(api::ToJson(value)); }
  const std::string& Text(uint32_t id) const { return texts_[id]; }
  size_t size() const { return texts_.size(); }

 private:
  Interner<std::string> texts_;
};

}  // namespace kp::linearizability
