#include "reference/apiserver/call.h"

#include "reference/api/json.h"
#include "reference/apiserver/encode.h"
#include "reference/base/mutant.h"

namespace kp::apiserver {

using api::Value;

namespace {

// RFC 7234 5.5 as Kubernetes uses it: code 299, no agent, the text quoted.
std::string WarningHeader(std::string_view text) {
  std::string out = "299 - \"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c == '\n' || c == '\r' ? ' ' : c;
  }
  return out + "\"";
}

}  // namespace

transport::Headers Call::StandardHeaders(std::string content_type) const {
  transport::Headers headers{{"content-type", std::move(content_type)}, {"cache-control", "no-cache, private"}};
  for (const std::string& warning : warnings) headers.Add("warning", WarningHeader(warning));
  return headers;
}

void Call::AnswerBytes(int code, transport::Headers headers, std::string body) {
  responder->Send(code, std::move(headers), std::move(body));
  if (on_answered) std::exchange(on_answered, nullptr)(code);
}

void Call::AnswerValue(int code, const Value& value) {
  AnswerBytes(code, StandardHeaders(form.ContentType()), Print(form, value));
}

void Call::AnswerObject(int code, const api::Kind& object_kind, const Value& object, WallTime now) {
  AnswerValue(code, Shaped(object_kind, form, object, now));
}

void Call::AnswerList(const ListPage& page, WallTime now) {
  AnswerBytes(200, StandardHeaders(form.ContentType()), EncodeList(*kind, form, page, now));
}

void Call::Answer(const api::ApiStatus& status) {
  const int code = status.code() == 0 ? 200 : status.code();
  transport::Headers headers = StandardHeaders("application/json");
  if (status.retry_after_seconds() > 0) headers.Add("retry-after", std::to_string(status.retry_after_seconds()));
  AnswerBytes(code, std::move(headers), api::ToJson(status.ToValue()) + "\n");
}

void Call::AnswerText(int code, std::string_view content_type, std::string body) {
  transport::Headers headers = StandardHeaders(std::string(content_type));
  headers.Add("x-content-type-options", "nosniff");
  AnswerBytes(code, std::move(headers), std::move(body));
}

bool Call::dry_run() const {
  return force_dry_run || (request.Query("dryRun") == "All" && !KP_MUTANT("apiserver-dry-run-stores"));
}

}  // namespace kp::apiserver
