// The apiserver: HTTP in front, an etcd v3 store behind, and between them authentication, authorization
// and the verbs.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "reference/apiserver/authn.h"
#include "reference/apiserver/authz.h"
#include "reference/base/status.h"
#include "reference/client/etcd.h"
#include "reference/runtime/actor.h"
#include "reference/runtime/env.h"
#include "reference/transport/http.h"

namespace kp::apiserver {

struct ServerOptions {
  std::string address = "127.0.0.1:6443";  // port 0: the system chooses
  transport::TlsOptions tls;
  client::EtcdClientOptions store;
  AuthenticationOptions authentication;
  AuthorizationOptions authorization;
  std::string service_account_signing_key;  // PEM; empty: no tokens are issued
  std::string service_cidr = "10.96.0.0/16";
  int node_port_first = 30000;
  int node_port_last = 32767;
  std::string advertise_address;        // IP of default/kubernetes' endpoint; empty: the one of `address`
  size_t max_requests_in_flight = 600;  // watches apart
  Duration compaction_interval = 5min;  // zero: never
};

class Server : public runtime::Actor {
 public:
  static Result<std::unique_ptr<Server>> Create(runtime::Env& env, const ServerOptions& options);
  // Over a store that somebody made; for tests.
  static Result<std::unique_ptr<Server>> CreateOver(runtime::Env& env, const ServerOptions& options,
                                                    std::unique_ptr<client::EtcdClient> store);

  // Opens the port and begins to fill the caches. `on_ready` runs once /readyz says ok.
  virtual Status Listen(runtime::Task on_ready) = 0;
  // "127.0.0.1:6443", once listening.
  virtual std::string Address() const = 0;
  virtual bool ready() const = 0;
  // One request, as the HTTP server hands it in.
  virtual void Handle(transport::HttpRequest request, std::shared_ptr<transport::HttpResponder> responder) = 0;
  // Fills the caches without a port: what Listen does beside listening.
  virtual void Start(runtime::Task on_ready) = 0;
};

}  // namespace kp::apiserver
