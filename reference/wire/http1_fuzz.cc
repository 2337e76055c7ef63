// Any bytes, cut anywhere: an error, or messages within their limits; never past a message's end.
#include <cstddef>
#include <cstdint>

#include "reference/base/check.h"
#include "reference/wire/http1.h"

namespace {

constexpr kp::wire::Http1Limits kLimits{.header_bytes = 2048, .body_bytes = 4096};

struct Watcher : kp::wire::Http1Events {
  void OnHead(kp::wire::Http1Head head) override {
    body = 0;
    size_t size = 0;
    for (const auto& [name, value] : head.headers.fields()) size += name.size() + value.size();
    CHECK(size <= kLimits.header_bytes);
    (void)kp::wire::ParseTarget(head.target);
  }
  void OnBody(std::string_view bytes) override {
    body += bytes.size();
    CHECK(body <= kLimits.body_bytes);
  }
  void OnMessageEnd() override {}
  size_t body = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using kp::wire::Http1Parser;
  if (size < 2) return 0;
  const size_t step = 1 + data[0];
  Watcher watcher;
  Http1Parser parser(data[1] & 1 ? Http1Parser::Role::kServer : Http1Parser::Role::kClient, kLimits, &watcher);
  std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  while (!bytes.empty() && parser.error() == kp::wire::Http1Error::kNone) {
    const size_t used = parser.Feed(bytes.substr(0, step));
    CHECK(used <= step);
    if (used == 0) break;
    bytes.remove_prefix(used);
  }
  parser.FeedEnd();
  return 0;
}
