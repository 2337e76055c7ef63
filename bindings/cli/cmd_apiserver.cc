// kubeproof apiserver: upstream's flag names, where they mean something here.
#include <cstdio>
#include <string>
#include <vector>

#include "bindings/cli/commands.h"
#include "bindings/cli/component.h"
#include "reference/apiserver/options.h"
#include "reference/apiserver/server.h"
#include "reference/base/strings.h"
#include "reference/runtime/posix/signals.h"

namespace kp::cli {
namespace {

void AddFlags(Flags& flags, apiserver::CommandLine& line) {
  flags.List("etcd-servers", &line.etcd_servers);
  flags.Text("etcd-cafile", &line.etcd_ca);
  flags.Text("etcd-certfile", &line.etcd_certificate);
  flags.Text("etcd-keyfile", &line.etcd_key);
  flags.Text("bind-address", &line.bind_address);
  flags.Integer("secure-port", &line.secure_port);
  flags.Text("advertise-address", &line.advertise_address);
  flags.Text("tls-cert-file", &line.certificate);
  flags.Text("tls-private-key-file", &line.key);
  flags.Text("client-ca-file", &line.client_ca);
  flags.Text("service-account-issuer", &line.issuer);
  flags.List("service-account-key-file", &line.service_account_keys);
  flags.Text("service-account-signing-key-file", &line.signing_key);
  flags.List("api-audiences", &line.audiences);
  flags.Text("service-cluster-ip-range", &line.service_range);
  flags.Text("service-node-port-range", &line.node_port_range);
  flags.List("authorization-mode", &line.authorization_modes);
  flags.Text("token-auth-file", &line.token_file);
  flags.Boolean("anonymous-auth", &line.anonymous);
  flags.Integer("max-requests-inflight", &line.max_in_flight);
  for (const char* ignored :
       {"allow-privileged", "enable-admission-plugins", "disable-admission-plugins", "enable-bootstrap-token-auth",
        "kubelet-client-certificate", "kubelet-client-key", "kubelet-preferred-address-types",
        "kubelet-certificate-authority", "proxy-client-cert-file", "proxy-client-key-file",
        "requestheader-allowed-names", "requestheader-client-ca-file", "requestheader-extra-headers-prefix",
        "requestheader-group-headers", "requestheader-username-headers", "event-ttl", "feature-gates"}) {
    flags.Ignored(ignored);
  }
}

}  // namespace

int RunApiserver(int argc, char** argv) {
  ProcessFlags process{.name = "apiserver"};
  apiserver::CommandLine line;
  Flags flags;
  process.AddTo(flags);
  AddFlags(flags, line);
  if (Status status = flags.Parse(argc, argv); !status.ok()) return Complain("apiserver", status.message(), kUsage);
  if (process.die_with_parent) runtime::posix::DieWithParent();
  runtime::posix::PosixEnv env(PosixOptionsOf(process));
  Result<apiserver::ServerOptions> options = apiserver::ReadOptions(line, env.disk());
  if (!options.ok()) return Complain("apiserver", options.status().message(), kUsage);
  env.HandleSignals([&](int) { env.Stop(0); });
  auto server = apiserver::Server::Create(env, *options);
  if (!server.ok()) return Complain("apiserver", server.status().message(), kUsage);
  const Status listening = (*server)->Listen([&] {
    const std::string address = (*server)->Address();
    env.Log(runtime::Severity::kInfo, "apiserver", "serving on " + address);
    Announce(process.ready_fd, static_cast<int>(ParseInt(address.substr(address.rfind(':') + 1)).value_or(0)));
  });
  if (!listening.ok()) return Complain("apiserver", listening.message(), kEnvironment);
  return env.Run();
}

}  // namespace kp::cli
