// Header fields of HTTP messages, whatever the version.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reference/base/status.h"

namespace kp::wire {

// Bytes that many messages may share: a watch event is encoded once for all its watchers.
using SharedBytes = std::shared_ptr<const std::string>;

inline SharedBytes Share(std::string bytes) { return std::make_shared<const std::string>(std::move(bytes)); }

// In order of arrival. Names are lower case.
class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<std::pair<std::string, std::string>> fields) : fields_(fields) {}
  void Add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
  void Set(std::string_view name, std::string value);
  void Remove(std::string_view name);
  // The first one; "" when absent.
  std::string_view Get(std::string_view name) const;
  std::vector<std::string_view> All(std::string_view name) const;
  bool Has(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& fields() const { return fields_; }
  std::vector<std::pair<std::string, std::string>>& fields() { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

// A request target, taken apart.
struct Target {
  std::string path;                                        // percent-decoded
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in order
};

// "/api/v1/pods?watch=True&limit=5". kInvalidArgument for a bad escape or a path not starting with '/'
// (an absolute "http://host/path" is taken: RFC 9112 3.2.2).
Result<Target> ParseTarget(std::string_view target);

}  // namespace kp::wire
