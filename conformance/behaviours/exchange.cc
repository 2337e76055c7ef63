#include "conformance/behaviours/exchange.h"

#include "reference/api/json.h"

namespace kp::conformance {

Exchange Send(Context& t, const std::string& method, const std::string& target, const ExchangeOptions& options) {
  auto answer = t.Raw(method, target, options.content_type, options.accept, options.body);
  if (!answer.ok()) t.Fail(method + " " + target + ": " + answer.error().ToString());
  Exchange exchange{answer->status, std::move(answer->headers), std::move(answer->body), Value()};
  Result<Value> parsed = api::ParseJson(exchange.text);
  if (parsed.ok()) exchange.body = *parsed;
  return exchange;
}

Exchange MustSend(Context& t, const std::string& method, const std::string& target, int status,
                  const ExchangeOptions& options) {
  Exchange exchange = Send(t, method, target, options);
  if (exchange.status == status) return exchange;
  t.Fail(method + " " + target + ": expected " + std::to_string(status) + ", got " + std::to_string(exchange.status) +
         ": " + exchange.text.substr(0, 500));
}

std::string PathTo(Context& t, const client::Resource& resource, const std::string& name) {
  return client::PathOf({resource, resource.namespaced ? t.ns() : "", name, ""});
}

void ExpectCause(Context& t, const api::ApiStatus& status, std::string_view field, std::string_view reason) {
  for (const api::FieldCause& cause : status.causes()) {
    if (cause.field == field && (reason.empty() || cause.reason == reason)) return;
  }
  t.Fail("expected a cause " + std::string(reason) + " of field " + std::string(field) + " in " +
         api::ToJson(status.ToValue()));
}

std::string NamesOf(const std::vector<Value>& objects) {
  std::string names;
  for (const Value& object : objects) names += (names.empty() ? "" : " ") + NameOf(object);
  return names;
}

}  // namespace kp::conformance
