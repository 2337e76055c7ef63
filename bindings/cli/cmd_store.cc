// kubeproof store: one member of the etcd v3 store, with etcd's flag names.
#include <unistd.h>

#include <cstdio>
#include <string>

#include "bindings/cli/commands.h"
#include "bindings/cli/flags.h"
#include "reference/base/strings.h"
#include "reference/runtime/posix/posix_env.h"
#include "reference/store/server.h"

namespace kp::cli {
namespace {

using TlsMode = transport::TlsOptions::Mode;

struct TlsFiles {
  std::string certificate;
  std::string key;
  std::string ca;
  bool require_client_certificate = false;
};

struct StoreFlags {
  store::ServerOptions options;
  TlsFiles client;
  TlsFiles peer;
  int heartbeat_ms = 0;  // 0: the profile's
  int election_ms = 0;
  std::string profile = "etcd";
  int snapshot_count = 10000;
  int max_request_bytes = 1536 * 1024;
  std::string quota = "0";
  std::string progress_interval = "10m";
  int ready_fd = -1;
  std::string log_level = "info";
  bool die_with_parent = false;
};

void AddTls(Flags& flags, const std::string& prefix, TlsFiles* files) {
  flags.Text(prefix + "cert-file", &files->certificate);
  flags.Text(prefix + "key-file", &files->key);
  flags.Text(prefix + "trusted-ca-file", &files->ca);
  flags.Boolean(prefix + "client-cert-auth", &files->require_client_certificate);
}

void AddFlags(Flags& flags, StoreFlags* store) {
  store::ServerOptions& options = store->options;
  flags.Text("name", &options.name);
  flags.Text("data-dir", &options.data_dir);
  flags.Text("listen-client-urls", &options.listen_client_urls);
  flags.Text("advertise-client-urls", &options.advertise_client_urls);
  flags.Text("listen-peer-urls", &options.listen_peer_urls);
  flags.Text("initial-advertise-peer-urls", &options.initial_advertise_peer_urls);
  flags.Text("initial-cluster", &options.initial_cluster);
  flags.Text("initial-cluster-token", &options.initial_cluster_token);
  AddTls(flags, "", &store->client);
  AddTls(flags, "peer-", &store->peer);
  flags.Integer("heartbeat-interval", &store->heartbeat_ms);
  flags.Integer("election-timeout", &store->election_ms);
  flags.Text("election-timeout-profile", &store->profile);
  flags.Integer("snapshot-count", &store->snapshot_count);
  flags.Integer("max-request-bytes", &store->max_request_bytes);
  flags.Text("quota-backend-bytes", &store->quota);
  flags.Text("experimental-watch-progress-notify-interval", &store->progress_interval);
  flags.Integer("ready-fd", &store->ready_fd);
  flags.Text("log-level", &store->log_level);
  flags.Boolean("die-with-parent", &store->die_with_parent);
  for (const char* ignored : {"initial-cluster-state", "logger", "auto-compaction-mode", "auto-compaction-retention",
                              "strict-reconfig-check", "enable-v2"}) {
    flags.Ignored(ignored);
  }
}

Status Invalid(const std::string& flag, const std::string& what) {
  return {Code::kInvalidArgument, "--" + flag + ": " + what};
}

// The profile first, then what was said outright.
Status SetTimes(StoreFlags& flags) {
  if (flags.profile == "roadmap") {
    // Elections after 150 to 300 ms: Raft draws from [timeout, 2 x timeout).
    flags.options.heartbeat_interval = 50ms;
    flags.options.election_timeout = 150ms;
  } else if (flags.profile != "etcd") {
    return Invalid("election-timeout-profile", "want etcd or roadmap, got " + Quote(flags.profile));
  }
  if (flags.heartbeat_ms < 0) return Invalid("heartbeat-interval", "must be positive");
  if (flags.election_ms < 0) return Invalid("election-timeout", "must be positive");
  if (flags.heartbeat_ms > 0) flags.options.heartbeat_interval = std::chrono::milliseconds(flags.heartbeat_ms);
  if (flags.election_ms > 0) flags.options.election_timeout = std::chrono::milliseconds(flags.election_ms);
  const Result<Duration> interval = ParseDuration(flags.progress_interval);
  if (!interval.ok() || *interval < 100ms) {
    return Invalid("experimental-watch-progress-notify-interval", "want a duration of at least 100ms");
  }
  flags.options.watch_progress_notify_interval = *interval;
  return {};
}

Status SetSizes(StoreFlags& flags) {
  if (flags.snapshot_count < 1) return Invalid("snapshot-count", "must be positive");
  if (flags.max_request_bytes < 1) return Invalid("max-request-bytes", "must be positive");
  const std::optional<int64_t> quota = ParseInt(flags.quota);
  if (!quota || *quota < 0) return Invalid("quota-backend-bytes", "want a number, got " + Quote(flags.quota));
  flags.options.snapshot_count = static_cast<uint64_t>(flags.snapshot_count);
  flags.options.max_request_bytes = static_cast<size_t>(flags.max_request_bytes);
  if (*quota > 0) flags.options.quota_bytes = *quota;
  return {};
}

Status ReadInto(runtime::Disk& disk, const std::string& flag, const std::string& path, std::string* text) {
  if (path.empty()) return {};
  Result<std::string> content = disk.ReadAll(path);
  if (!content.ok()) return Invalid(flag, content.error().message());
  *text = std::move(*content);
  return {};
}

Status ReadTls(runtime::Disk& disk, const std::string& prefix, const TlsFiles& files, bool wanted,
               transport::TlsOptions* tls) {
  if (!wanted) return {};
  if (files.certificate.empty()) return Invalid(prefix + "cert-file", "needed for https URLs");
  if (files.key.empty()) return Invalid(prefix + "key-file", "needed for https URLs");
  tls->mode = TlsMode::kTls;
  tls->require_client_certificate = files.require_client_certificate;
  Status status = ReadInto(disk, prefix + "cert-file", files.certificate, &tls->certificate_pem);
  if (status.ok()) status = ReadInto(disk, prefix + "key-file", files.key, &tls->key_pem);
  if (status.ok()) status = ReadInto(disk, prefix + "trusted-ca-file", files.ca, &tls->ca_pem);
  return status;
}

Status Complete(runtime::Disk& disk, StoreFlags& flags) {
  store::ServerOptions& options = flags.options;
  Status status = SetTimes(flags);
  if (status.ok()) status = SetSizes(flags);
  const bool client_tls = options.listen_client_urls.starts_with("https:");
  const bool peer_tls = options.listen_peer_urls.starts_with("https:");
  if (status.ok()) status = ReadTls(disk, "", flags.client, client_tls, &options.client_tls);
  if (status.ok()) status = ReadTls(disk, "peer-", flags.peer, peer_tls, &options.peer_server_tls);
  // etcd's members show the same certificate when they dial.
  options.peer_client_tls = options.peer_server_tls;
  options.peer_client_tls.insecure = flags.peer.ca.empty();
  return status;
}

void Announce(int fd, const std::string& address) {
  const std::string port = address.substr(address.rfind(':') + 1);
  const std::string line =
      "{\"pid\":" + std::to_string(getpid()) + ",\"address\":\"" + address + "\",\"port\":" + port + "}\n";
  if (write(fd, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    std::fprintf(stderr, "kubeproof store: --ready-fd %d cannot be written\n", fd);
  }
  close(fd);
}

void WaitForHandOver(runtime::posix::PosixEnv& env, const store::Member& member, Time deadline) {
  if (!member.is_leader() || env.Now() >= deadline) return env.Stop(0);
  env.After(10ms, [&env, &member, deadline] { WaitForHandOver(env, member, deadline); });
}

int Complain(const std::string& message, ExitCode code) {
  std::fprintf(stderr, "kubeproof store: %s\n", message.c_str());
  return code;
}

}  // namespace

int RunStore(int argc, char** argv) {
  StoreFlags store;
  Flags flags;
  AddFlags(flags, &store);
  if (Status status = flags.Parse(argc, argv); !status.ok()) return Complain(status.message(), kUsage);
  if (store.die_with_parent) runtime::posix::DieWithParent();
  runtime::posix::PosixEnv env({.name = store.options.name,
                                .least_severity = store.log_level == "debug"  ? runtime::Severity::kDebug
                                                  : store.log_level == "info" ? runtime::Severity::kInfo
                                                                              : runtime::Severity::kWarning});
  if (Status status = Complete(env.disk(), store); !status.ok()) return Complain(status.message(), kUsage);
  store::Member* member = nullptr;
  // The leader hands over first, so that a planned stop costs the cluster no election.
  env.HandleSignals([&](int) {
    const bool leads = member != nullptr && member->is_leader() && member->options().cluster.members.size() > 1;
    if (!leads) return env.Stop(0);
    member->ResignLeadership();
    WaitForHandOver(env, *member, env.Now() + member->options().election_timeout);
  });
  const auto server = store::Server::Start(env, store.options);
  if (!server.ok()) {
    const Status& why = server.error();
    return Complain(why.message(), why.code() == Code::kInvalidArgument ? kUsage : kEnvironment);
  }
  member = &(*server)->member();
  env.Log(runtime::Severity::kInfo, "store", "serving clients on " + (*server)->ClientAddress());
  if (store.ready_fd >= 0) Announce(store.ready_fd, (*server)->ClientAddress());
  return env.Run();
}

}  // namespace kp::cli
