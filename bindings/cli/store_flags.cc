#include "bindings/cli/store_flags.h"

#include "reference/base/strings.h"
#include "reference/store/auto_compactor.h"

namespace kp::cli {
namespace {

// etcd's tuning of things that are built otherwise here, or are always on.
constexpr const char* kWithoutEffect[] = {
    "auth-token-ttl",
    "backend-batch-interval",
    "backend-batch-limit",
    "backend-bbolt-freelist-type",
    "cipher-suites",
    "cors",
    "debug",
    "discovery-fallback",
    "enable-pprof",
    "enable-v2",
    "experimental-compact-hash-check-enabled",
    "experimental-compact-hash-check-time",
    "experimental-compaction-batch-limit",
    "experimental-corrupt-check-time",
    "experimental-initial-corrupt-check",
    "experimental-peer-skip-client-san-verification",
    "experimental-warning-apply-duration",
    "grpc-keepalive-interval",
    "grpc-keepalive-min-time",
    "grpc-keepalive-timeout",
    "host-whitelist",
    "initial-election-tick-advance",
    "log-outputs",
    "log-output",
    "log-package-levels",
    "logger",
    "max-snapshots",
    "max-wals",
    "metrics",
    "peer-cipher-suites",
};

// To leave these out would be less safe, or another cluster, than was asked for.
constexpr const char* kNotSupported[] = {
    "auto-tls",          "peer-auto-tls",        "client-crl-file",
    "peer-crl-file",     "peer-cert-allowed-cn", "peer-cert-allowed-hostname",
    "discovery",         "discovery-srv",        "discovery-proxy",
    "force-new-cluster", "config-file",          "wal-dir",
    "unsafe-no-fsync",
};

Status Invalid(const std::string& flag, const std::string& what) {
  return {Code::kInvalidArgument, "--" + flag + ": " + what};
}

Result<int64_t> Number(const std::string& flag, const std::string& text, int64_t least) {
  const std::optional<int64_t> number = ParseInt(text);
  if (!number) return Invalid(flag, "want a number, got " + Quote(text));
  if (*number < least) return Invalid(flag, "must be " + (least > 0 ? std::string("positive") : "0 or more"));
  return *number;
}

Status ReadInto(runtime::Disk& disk, const std::string& flag, const std::string& path, std::string* text) {
  if (path.empty()) return {};
  Result<std::string> content = disk.ReadAll(path);
  if (!content.ok()) return Invalid(flag, content.error().message());
  *text = std::move(*content);
  return {};
}

bool AnyHttps(const std::string& urls) { return urls.find("https://") != std::string::npos; }

}  // namespace

void StoreFlags::AddTls(Flags& flags, const std::string& prefix, TlsFiles* files) {
  flags.Text(prefix + "cert-file", &files->certificate);
  flags.Text(prefix + "key-file", &files->key);
  flags.Text(prefix + "trusted-ca-file", &files->ca);
  flags.Boolean(prefix + "client-cert-auth", &files->require_client_certificate);
}

void StoreFlags::AddTo(Flags& flags) {
  flags.Text("name", &options.name);
  flags.Text("data-dir", &options.data_dir);
  flags.Text("listen-client-urls", &options.listen_client_urls);
  flags.Text("advertise-client-urls", &options.advertise_client_urls);
  flags.Text("listen-peer-urls", &options.listen_peer_urls);
  flags.Text("listen-metrics-urls", &options.listen_metrics_urls);
  flags.Text("initial-advertise-peer-urls", &options.initial_advertise_peer_urls);
  flags.Text("initial-cluster", &options.initial_cluster);
  flags.Text("initial-cluster-state", &cluster_state_);
  flags.Text("initial-cluster-token", &options.initial_cluster_token);
  flags.Boolean("strict-reconfig-check", &options.strict_reconfig_check);
  flags.Boolean("pre-vote", &options.pre_vote);
  AddTls(flags, "", &client_);
  AddTls(flags, "peer-", &peer_);
  flags.Integer("heartbeat-interval", &heartbeat_ms_);
  flags.Integer("election-timeout", &election_ms_);
  flags.Text("election-timeout-profile", &profile_);
  flags.Text("snapshot-count", &snapshot_count_);
  flags.Text("experimental-snapshot-catchup-entries", &catch_up_entries_);
  flags.Text("max-request-bytes", &max_request_bytes_);
  flags.Text("max-txn-ops", &max_txn_ops_);
  flags.Text("quota-backend-bytes", &quota_);
  flags.Text("experimental-watch-progress-notify-interval", &progress_interval_);
  flags.Text("auto-compaction-mode", &compaction_mode_);
  flags.Text("auto-compaction-retention", &compaction_retention_);
  flags.Integer("ready-fd", &ready_fd);
  flags.Text("log-level", &log_level);
  flags.Boolean("die-with-parent", &die_with_parent);
  flags.Boolean("volatile-disk", &volatile_disk);
  flags.Text("wal-segment-kib", &wal_segment_kib_);
  for (const char* name : kWithoutEffect) flags.Ignored(name);
  for (const char* name : kNotSupported) flags.Refused(name);
}

// The profile first, then what was said outright.
Status StoreFlags::SetTimes() {
  if (profile_ == "roadmap") {
    // Elections after 150 to 300 ms: Raft draws from [timeout, 2 x timeout).
    options.heartbeat_interval = 50ms;
    options.election_timeout = 150ms;
  } else if (profile_ != "etcd") {
    return Invalid("election-timeout-profile", "want etcd or roadmap, got " + Quote(profile_));
  }
  if (heartbeat_ms_ < 0) return Invalid("heartbeat-interval", "must be positive");
  if (election_ms_ < 0) return Invalid("election-timeout", "must be positive");
  if (heartbeat_ms_ > 0) options.heartbeat_interval = std::chrono::milliseconds(heartbeat_ms_);
  if (election_ms_ > 0) options.election_timeout = std::chrono::milliseconds(election_ms_);
  const Result<Duration> interval = ParseDuration(progress_interval_);
  if (!interval.ok() || *interval < 100ms) {
    return Invalid("experimental-watch-progress-notify-interval", "want a duration of at least 100ms");
  }
  options.watch_progress_notify_interval = *interval;
  return {};
}

Status StoreFlags::SetSizes() {
  const auto snapshot_count = Number("snapshot-count", snapshot_count_, 1);
  if (!snapshot_count.ok()) return snapshot_count.error();
  const auto catch_up = Number("experimental-snapshot-catchup-entries", catch_up_entries_, 0);
  if (!catch_up.ok()) return catch_up.error();
  const auto max_request = Number("max-request-bytes", max_request_bytes_, 1);
  if (!max_request.ok()) return max_request.error();
  const auto max_ops = Number("max-txn-ops", max_txn_ops_, 1);
  if (!max_ops.ok()) return max_ops.error();
  const std::optional<int64_t> quota = ParseInt(quota_);
  if (!quota) return Invalid("quota-backend-bytes", "want a number, got " + Quote(quota_));
  const auto segment = Number("wal-segment-kib", wal_segment_kib_, 4);
  if (!segment.ok()) return segment.error();
  options.preallocate_log = true;
  options.wal_segment_bytes = static_cast<uint64_t>(*segment) << 10;
  options.snapshot_count = static_cast<uint64_t>(*snapshot_count);
  options.catch_up_entries = static_cast<uint64_t>(*catch_up);
  options.max_request_bytes = static_cast<size_t>(*max_request);
  options.max_txn_ops = static_cast<size_t>(*max_ops);
  // As etcd has it: 0 is the default, a negative one none at all.
  if (*quota > 0) options.quota_bytes = *quota;
  if (*quota < 0) options.quota_bytes = INT64_MAX;
  return {};
}

Status StoreFlags::SetCluster() {
  if (cluster_state_ != "new" && cluster_state_ != "existing") {
    return Invalid("initial-cluster-state", "want new or existing, got " + Quote(cluster_state_));
  }
  options.joins_existing = cluster_state_ == "existing";
  const auto policy = store::ParseCompactionPolicy(compaction_mode_, compaction_retention_);
  if (!policy.ok()) return policy.error();
  options.auto_compaction = *policy;
  return {};
}

Status StoreFlags::ReadTls(runtime::Disk& disk, const std::string& prefix, const TlsFiles& files, bool wanted,
                           transport::TlsOptions* tls) {
  if (!wanted) return {};
  if (files.certificate.empty()) return Invalid(prefix + "cert-file", "needed for https URLs");
  if (files.key.empty()) return Invalid(prefix + "key-file", "needed for https URLs");
  tls->mode = transport::TlsOptions::Mode::kTls;
  // A CA alone asks for certificates too, as etcd has it (pkg/transport TLSInfo.ServerConfig).
  tls->require_client_certificate = files.require_client_certificate || !files.ca.empty();
  if (files.require_client_certificate && files.ca.empty()) {
    return Invalid(prefix + "client-cert-auth", "needs --" + prefix + "trusted-ca-file");
  }
  Status status = ReadInto(disk, prefix + "cert-file", files.certificate, &tls->certificate_pem);
  if (status.ok()) status = ReadInto(disk, prefix + "key-file", files.key, &tls->key_pem);
  if (status.ok()) status = ReadInto(disk, prefix + "trusted-ca-file", files.ca, &tls->ca_pem);
  return status;
}

Status StoreFlags::Complete(runtime::Disk& disk) {
  Status status = SetTimes();
  if (status.ok()) status = SetSizes();
  if (status.ok()) status = SetCluster();
  const bool client_tls = AnyHttps(options.listen_client_urls + options.listen_metrics_urls);
  const bool peer_tls = AnyHttps(options.listen_peer_urls + options.initial_cluster);
  if (status.ok()) status = ReadTls(disk, "", client_, client_tls, &options.client_tls);
  if (status.ok()) status = ReadTls(disk, "peer-", peer_, peer_tls, &options.peer_server_tls);
  // etcd's members show the same certificate when they dial.
  options.peer_client_tls = options.peer_server_tls;
  options.peer_client_tls.insecure = peer_.ca.empty();
  return status;
}

std::string_view StoreHelp() {
  return R"(usage: kubeproof store [flags]
One member of an etcd v3 store. Flags and environment variables (ETCD_DATA_DIR for --data-dir) are etcd's.

member:
  --name NAME                          this member, as --initial-cluster calls it (default)
  --data-dir DIR                       (NAME.etcd)
  --listen-client-urls URLS            (http://localhost:2379)
  --advertise-client-urls URLS         what clients are told (where it listens)
  --listen-peer-urls URLS              (http://localhost:2380)
  --listen-metrics-urls URLS           /metrics and /health here too, without client certificates for http URLs
  --heartbeat-interval MS, --election-timeout MS                          (100, 1000)
  --election-timeout-profile etcd|roadmap                                 (etcd)
  --pre-vote                           (true)
  --snapshot-count N                   log entries between snapshots (100000)
  --quota-backend-bytes N              beyond it the NOSPACE alarm is raised (2 GiB)
  --max-request-bytes N, --max-txn-ops N                                  (1572864, 128)
  --auto-compaction-mode periodic|revision, --auto-compaction-retention R (periodic, 0: off)
  --experimental-watch-progress-notify-interval D                         (10m)

cluster:
  --initial-cluster NAME=URL,...       (NAME=--initial-advertise-peer-urls)
  --initial-advertise-peer-urls URLS   (http://localhost:2380)
  --initial-cluster-state new|existing existing: join a running cluster that has this member added
  --initial-cluster-token TEXT         (etcd-cluster)
  --strict-reconfig-check              refuse membership changes that could lose the quorum (true)

security:
  --cert-file, --key-file, --trusted-ca-file, --client-cert-auth          for https client URLs
  --peer-cert-file, --peer-key-file, --peer-trusted-ca-file, --peer-client-cert-auth

process:
  --log-level debug|info|warn   --ready-fd FD   --die-with-parent

  kubeproof store restore SNAPSHOT ... makes a data folder from a snapshot; see its --help
)";
}

}  // namespace kp::cli
