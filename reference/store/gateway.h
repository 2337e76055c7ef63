// The JSON form of the API over plain HTTP, as etcd's grpc-gateway serves it under /v3.
//
// A request is a POST of the method's message as JSON: 64-bit numbers may be strings, bytes are base64. A
// streaming method answers {"result": ...} objects, one a line. Generated from the message descriptors, so that
// a method that etcd.proto declares and Services serves needs its route only.
// Source: https://etcd.io/docs/v3.4/dev-guide/api_grpc_gateway/, google.api.http options in etcd's rpc.proto.
#pragma once

#include <memory>
#include <string>

#include "reference/runtime/env.h"
#include "reference/transport/grpc.h"

namespace kp::store {

class Gateway {
 public:
  Gateway(runtime::Env& env, transport::GrpcServices services);

  // Answers requests below /v3/; others are passed to `fallback`.
  transport::HttpHandler Handler(transport::HttpHandler fallback);

 private:
  void Serve(const transport::HttpRequest& request, const std::shared_ptr<transport::HttpResponder>& responder);

  runtime::Env& env_;
  std::shared_ptr<const transport::GrpcServices> services_;
  Alive alive_;
};

}  // namespace kp::store
