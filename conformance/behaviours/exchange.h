// Requests below the level of objects: media types, discovery, streams as bytes.
#pragma once

#include <string>
#include <string_view>

#include "conformance/behaviours/objects.h"

namespace kp::conformance {

struct Exchange {
  int status = 0;
  transport::Headers headers;
  std::string text;
  Value body;  // null where the text is no JSON
};

struct ExchangeOptions {
  std::string accept = "application/json";
  std::string content_type;
  std::string body;
};

// One request; a transport error fails the test.
Exchange Send(Context& t, const std::string& method, const std::string& target, const ExchangeOptions& options = {});
// The same that must be answered with `status`.
Exchange MustSend(Context& t, const std::string& method, const std::string& target, int status,
                  const ExchangeOptions& options = {});

// The path of a collection in the test's namespace, or of an object there.
std::string PathTo(Context& t, const client::Resource& resource, const std::string& name = "");

// A Status must have a cause about this field; reason "" is any.
void ExpectCause(Context& t, const api::ApiStatus& status, std::string_view field, std::string_view reason = "");

// Items of a list answer by name, in their order: "a b c".
std::string NamesOf(const std::vector<Value>& objects);

}  // namespace kp::conformance
