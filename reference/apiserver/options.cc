#include "reference/apiserver/options.h"

#include "reference/apiserver/ip_range.h"
#include "reference/base/strings.h"

namespace kp::apiserver {

namespace {

Status Wrong(std::string_view flag, std::string_view what) {
  return Status(Code::kInvalidArgument, "--" + std::string(flag) + ": " + std::string(what));
}

// Reads `path` into `content` unless the flag was not given.
Status ReadFile(runtime::Disk& disk, std::string_view flag, const std::string& path, std::string& content) {
  if (path.empty()) return Status::Ok();
  Result<std::string> text = disk.ReadAll(path);
  if (!text.ok()) return Wrong(flag, text.status().message());
  if (Trim(*text).empty()) return Wrong(flag, path + " is empty");
  content = std::move(*text);
  return Status::Ok();
}

Status ReadStore(const CommandLine& line, runtime::Disk& disk, client::EtcdClientOptions& store) {
  if (line.etcd_servers.empty()) return Wrong("etcd-servers", "at least one endpoint is needed");
  bool tls = false;
  for (std::string_view server : line.etcd_servers) {
    const bool https = ConsumePrefix(server, "https://");
    if (!https) ConsumePrefix(server, "http://");
    while (server.ends_with('/')) server.remove_suffix(1);
    if (server.empty() || server.find(':') == std::string_view::npos) {
      return Wrong("etcd-servers", "want http(s)://host:port, got " + Quote(server));
    }
    if (!store.endpoints.empty() && https != tls) return Wrong("etcd-servers", "http and https cannot be mixed");
    tls = https;
    store.endpoints.emplace_back(server);
  }
  if (!tls) return Status::Ok();
  store.tls.mode = transport::TlsOptions::Mode::kTls;
  if (Status s = ReadFile(disk, "etcd-cafile", line.etcd_ca, store.tls.ca_pem); !s.ok()) return s;
  if (Status s = ReadFile(disk, "etcd-certfile", line.etcd_certificate, store.tls.certificate_pem); !s.ok()) return s;
  return ReadFile(disk, "etcd-keyfile", line.etcd_key, store.tls.key_pem);
}

Status ReadTls(const CommandLine& line, runtime::Disk& disk, transport::TlsOptions& tls) {
  if (line.certificate.empty() != line.key.empty()) {
    return Wrong(line.certificate.empty() ? "tls-cert-file" : "tls-private-key-file",
                 "certificate and key must be given together");
  }
  if (line.certificate.empty()) {
    if (!line.client_ca.empty()) return Wrong("client-ca-file", "needs --tls-cert-file and --tls-private-key-file");
    return Status::Ok();
  }
  tls.mode = transport::TlsOptions::Mode::kTls;
  tls.alpn = {"h2", "http/1.1"};
  if (Status s = ReadFile(disk, "tls-cert-file", line.certificate, tls.certificate_pem); !s.ok()) return s;
  if (Status s = ReadFile(disk, "tls-private-key-file", line.key, tls.key_pem); !s.ok()) return s;
  return ReadFile(disk, "client-ca-file", line.client_ca, tls.ca_pem);
}

Status ReadAuthentication(const CommandLine& line, runtime::Disk& disk, ServerOptions& options) {
  AuthenticationOptions& authentication = options.authentication;
  if (line.issuer.empty()) return Wrong("service-account-issuer", "an issuer of service account tokens is needed");
  if (line.signing_key.empty()) {
    return Wrong("service-account-signing-key-file", "a key to sign service account tokens with is needed");
  }
  authentication.issuer = line.issuer;
  authentication.audiences = line.audiences;
  authentication.anonymous = line.anonymous;
  for (const std::string& path : line.service_account_keys) {
    std::string pem;
    if (Status s = ReadFile(disk, "service-account-key-file", path, pem); !s.ok()) return s;
    authentication.service_account_keys.push_back(std::move(pem));
  }
  if (Status s =
          ReadFile(disk, "service-account-signing-key-file", line.signing_key, options.service_account_signing_key);
      !s.ok()) {
    return s;
  }
  // As upstream: the signing key verifies, too, when nothing else is named.
  if (authentication.service_account_keys.empty() && !options.service_account_signing_key.empty()) {
    authentication.service_account_keys.push_back(options.service_account_signing_key);
  }
  if (line.token_file.empty()) return Status::Ok();
  std::string text;
  if (Status s = ReadFile(disk, "token-auth-file", line.token_file, text); !s.ok()) return s;
  auto tokens = ParseTokenFile(text);
  if (!tokens.ok()) return Wrong("token-auth-file", tokens.status().message());
  authentication.tokens = std::move(*tokens);
  return Status::Ok();
}

Status ReadRanges(const CommandLine& line, ServerOptions& options) {
  Result<IpRange> range = IpRange::Parse(line.service_range);
  if (!range.ok()) return Wrong("service-cluster-ip-range", range.status().message());
  options.service_cidr = line.service_range;
  for (const std::string& endpoint : options.store.endpoints) {
    if (range->Contains(endpoint.substr(0, endpoint.rfind(':')))) {
      return Wrong("service-cluster-ip-range", line.service_range + " holds the store's own address " + endpoint);
    }
  }
  const std::vector<std::string_view> ports = Split(line.node_port_range, '-');
  const auto first = ParseInt(ports[0]);
  const auto last = ports.size() == 2 ? ParseInt(ports[1]) : std::nullopt;
  if (!first || !last || *first < 1 || *last > 65535 || *first > *last) {
    return Wrong("service-node-port-range", "want FIRST-LAST, got " + Quote(line.node_port_range));
  }
  options.node_port_first = static_cast<int>(*first);
  options.node_port_last = static_cast<int>(*last);
  return Status::Ok();
}

}  // namespace

Result<ServerOptions> ReadOptions(const CommandLine& line, runtime::Disk& disk) {
  ServerOptions options;
  if (line.secure_port < 0 || line.secure_port > 65535) {
    return Wrong("secure-port", std::to_string(line.secure_port) + " is no port");
  }
  options.address = line.bind_address + ":" + std::to_string(line.secure_port);
  options.advertise_address = line.advertise_address;
  for (const std::string& mode : line.authorization_modes) {
    if (mode != "RBAC" && mode != "Node" && mode != "AlwaysAllow" && mode != "AlwaysDeny") {
      return Wrong("authorization-mode", Quote(mode) + " is none of Node, RBAC, AlwaysAllow, AlwaysDeny");
    }
  }
  options.authorization.modes = line.authorization_modes;
  options.max_requests_in_flight = static_cast<size_t>(std::max(1, line.max_in_flight));
  if (Status s = ReadStore(line, disk, options.store); !s.ok()) return s;
  if (Status s = ReadTls(line, disk, options.tls); !s.ok()) return s;
  if (Status s = ReadAuthentication(line, disk, options); !s.ok()) return s;
  if (Status s = ReadRanges(line, options); !s.ok()) return s;
  return options;
}

}  // namespace kp::apiserver
