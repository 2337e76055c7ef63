// kubeproof apiserver: upstream's flag names, where they mean something here.
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "bindings/cli/commands.h"
#include "bindings/cli/flags.h"
#include "reference/apiserver/options.h"
#include "reference/base/strings.h"
#include "reference/runtime/posix/posix_env.h"

namespace kp::cli {

namespace {

int Complain(const std::string& message) {
  std::fprintf(stderr, "kubeproof apiserver: %s\n", message.c_str());
  return kUsage;
}

void AddFlags(Flags& flags, apiserver::CommandLine& line, int* ready_fd, std::string* name, std::string* log_level) {
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
  flags.Integer("ready-fd", ready_fd);
  flags.Text("name", name);
  flags.Text("log-level", log_level);
  for (const char* ignored :
       {"allow-privileged", "enable-admission-plugins", "disable-admission-plugins", "enable-bootstrap-token-auth",
        "kubelet-client-certificate", "kubelet-client-key", "kubelet-preferred-address-types",
        "kubelet-certificate-authority", "proxy-client-cert-file", "proxy-client-key-file",
        "requestheader-allowed-names", "requestheader-client-ca-file", "requestheader-extra-headers-prefix",
        "requestheader-group-headers", "requestheader-username-headers", "event-ttl", "v", "feature-gates"}) {
    flags.Ignored(ignored);
  }
}

// The line that tells the starter that requests are served: pid, address, port.
void Announce(int fd, const std::string& address) {
  const std::string port = address.substr(address.rfind(':') + 1);
  const std::string line =
      "{\"pid\":" + std::to_string(getpid()) + ",\"address\":\"" + address + "\",\"port\":" + port + "}\n";
  if (write(fd, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    std::fprintf(stderr, "kubeproof apiserver: --ready-fd %d cannot be written\n", fd);
  }
  close(fd);
}

}  // namespace

int RunApiserver(int argc, char** argv) {
  apiserver::CommandLine line;
  int ready_fd = -1;
  std::string name = "apiserver";
  std::string log_level = "info";
  Flags flags;
  AddFlags(flags, line, &ready_fd, &name, &log_level);
  if (Status status = flags.Parse(argc, argv); !status.ok()) return Complain(status.message());
  const auto severity = log_level == "debug"  ? runtime::Severity::kDebug
                        : log_level == "info" ? runtime::Severity::kInfo
                                              : runtime::Severity::kWarning;
  runtime::posix::PosixEnv env({.name = name, .least_severity = severity});
  Result<apiserver::ServerOptions> options = apiserver::ReadOptions(line, env.disk());
  if (!options.ok()) return Complain(options.status().message());
  env.HandleSignals([&](int) { env.Stop(0); });
  auto server = apiserver::Server::Create(env, *options);
  if (!server.ok()) return Complain(server.status().message());
  const Status listening = (*server)->Listen([&] {
    env.Log(runtime::Severity::kInfo, "apiserver", "serving on " + (*server)->Address());
    if (ready_fd >= 0) Announce(ready_fd, (*server)->Address());
  });
  if (!listening.ok()) {
    std::fprintf(stderr, "kubeproof apiserver: %s\n", listening.message().c_str());
    return kEnvironment;
  }
  return env.Run();
}

}  // namespace kp::cli
