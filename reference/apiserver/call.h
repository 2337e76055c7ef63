// One request on its way through the server, and the ways to answer it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reference/api/api_status.h"
#include "reference/api/schema.h"
#include "reference/api/value.h"
#include "reference/apiserver/lister.h"
#include "reference/apiserver/media.h"
#include "reference/apiserver/request_info.h"
#include "reference/apiserver/user.h"
#include "reference/base/time.h"
#include "reference/transport/http.h"

namespace kp::apiserver {

class Call {
 public:
  Call(transport::HttpRequest http_request, std::shared_ptr<transport::HttpResponder> http_responder)
      : request(std::move(http_request)), responder(std::move(http_responder)), info(ParseRequestInfo(request)) {}

  transport::HttpRequest request;
  std::shared_ptr<transport::HttpResponder> responder;
  RequestInfo info;
  User user;                        // after impersonation
  User real_user;                   // as authenticated
  const api::Kind* kind = nullptr;  // of the resource, not of the subresource
  MediaForm form;
  std::vector<std::string> warnings;
  bool force_dry_run = false;  // asked for in the body
  // Told the status once the request is answered.
  std::function<void(int)> on_answered;

  // `kind` is that of the object.
  void AnswerObject(int code, const api::Kind& object_kind, const api::Value& object, WallTime now);
  void AnswerList(const ListPage& page, WallTime now);
  // Any document as JSON (or YAML).
  void AnswerValue(int code, const api::Value& value);
  void Answer(const api::ApiStatus& status);
  void AnswerText(int code, std::string_view content_type, std::string body);
  void AnswerBytes(int code, transport::Headers headers, std::string body);

  bool dry_run() const;
  std::string Where() const { return request.method + " " + request.target; }

 private:
  transport::Headers StandardHeaders(std::string content_type) const;
};

using SharedCall = std::shared_ptr<Call>;

}  // namespace kp::apiserver
