#include "bindings/cli/conform_options.h"

#include <charconv>
#include <string_view>

#include "bindings/cli/flags.h"
#include "reference/base/strings.h"

namespace kp::cli {
namespace {

using fixtures::Backend;

Status Invalid(std::string message) { return Status(Code::kInvalidArgument, std::move(message)); }

// The flags' raw texts, before they are made sense of.
struct Texts {
  std::string backend;
  std::string seed;
  std::string shard;
  std::string timeout;
  std::string job_timeout;
  std::string rerun;
  std::string log_level;
  std::string tls;
};

void Define(Flags& flags, ConformOptions& options, Texts& texts) {
  flags.Text("backend", &texts.backend);
  flags.Text("kubeconfig", &options.shape.kubeconfig);
  flags.Integer("seeds", &options.seeds);
  flags.Text("seed", &texts.seed);
  flags.Boolean("faults", &options.shape.faults);
  flags.List("focus", &options.selection.focus);
  flags.List("skip", &options.selection.skip);
  flags.List("area", &options.selection.areas);
  flags.List("id", &options.selection.ids);
  flags.Text("profile", &options.selection.profile);
  flags.OptionalText("rerun-failed", "runs/latest", &texts.rerun);
  flags.Text("shard", &texts.shard);
  flags.Boolean("list", &options.list);
  flags.Boolean("dry-run", &options.dry_run);
  flags.Boolean("check-determinism", &options.check_determinism);
  flags.Boolean("transcripts", &options.transcripts);
  flags.Boolean("slow", &options.shape.slow);
  flags.Boolean("allow-disruptive", &options.shape.allow_disruptive);
  flags.Integer("jobs", &options.jobs);
  flags.Text("timeout", &texts.timeout);
  flags.Text("job-timeout", &texts.job_timeout);
  flags.Text("out", &options.out);
  flags.Text("log-level", &texts.log_level);
  flags.Text("tls", &texts.tls);
  flags.Integer("members", &options.shape.members);
  flags.Integer("nodes", &options.shape.nodes);
  flags.Text("etcd-servers", &options.shape.etcd_servers);
  flags.Text("etcd-endpoints", &options.shape.etcd_endpoints);
  flags.Text("expected-failures", &options.expected_failures);
}

Result<uint64_t> ParseSeed(std::string_view text) {
  uint64_t seed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
  if (error != std::errc() || end != text.data() + text.size())
    return Invalid("--seed: want a number, got " + Quote(text));
  return seed;
}

Result<std::vector<Backend>> ParseBackends(const std::string& text, bool kubeconfig) {
  if (text.empty() && kubeconfig) return std::vector{Backend::kRemote};
  if (text.empty() || text == "both") return std::vector{Backend::kSim, Backend::kProcess};
  for (Backend backend : {Backend::kSim, Backend::kProcess, Backend::kRemote}) {
    if (text == fixtures::BackendName(backend)) return std::vector{backend};
  }
  return Invalid("--backend: want sim, process, remote or both, got " + Quote(text));
}

Status ParseTime(std::string_view flag, const std::string& text, Duration& into) {
  if (text.empty()) return Status::Ok();
  const Result<Duration> duration = ParseDuration(text);
  if (!duration.ok() || *duration <= Duration(0)) {
    return Invalid("--" + std::string(flag) + ": want a time such as 90s, got " + Quote(text));
  }
  into = *duration;
  return Status::Ok();
}

Status ParseLogLevel(const std::string& text, runtime::Severity& into) {
  if (text.empty()) return Status::Ok();
  for (auto [name, severity] : {std::pair("debug", runtime::Severity::kDebug),
                                {"info", runtime::Severity::kInfo},
                                {"warning", runtime::Severity::kWarning},
                                {"error", runtime::Severity::kError}}) {
    if (text != name) continue;
    into = severity;
    return Status::Ok();
  }
  return Invalid("--log-level: want debug, info, warning or error, got " + Quote(text));
}

Status ParseTls(const std::string& text, TlsChoice& into) {
  if (text.empty()) return Status::Ok();
  for (auto [name, choice] :
       {std::pair("drawn", TlsChoice::kDrawn), {"always", TlsChoice::kAlways}, {"never", TlsChoice::kNever}}) {
    if (text != name) continue;
    into = choice;
    return Status::Ok();
  }
  return Invalid("--tls: want drawn, always or never, got " + Quote(text));
}

Status MakeSense(const Texts& texts, ConformOptions& options) {
  Result<std::vector<Backend>> backends = ParseBackends(texts.backend, !options.shape.kubeconfig.empty());
  if (!backends.ok()) return backends.error();
  options.backends = *backends;
  if (texts.backend.empty() && !options.shape.etcd_endpoints.empty()) options.backends = {Backend::kProcess};
  if (!texts.seed.empty()) {
    Result<uint64_t> seed = ParseSeed(texts.seed);
    if (!seed.ok()) return seed.error();
    options.seed = *seed;
  }
  if (!texts.shard.empty()) {
    Result<conformance::Shard> shard = conformance::ParseShard(texts.shard);
    if (!shard.ok()) return Invalid("--shard: " + shard.error().message());
    options.selection.shard = *shard;
  }
  if (Status status = ParseTime("timeout", texts.timeout, options.timeout); !status.ok()) return status;
  if (Status status = ParseTime("job-timeout", texts.job_timeout, options.job_timeout); !status.ok()) return status;
  if (Status status = ParseLogLevel(texts.log_level, options.shape.log_level); !status.ok()) return status;
  if (Status status = ParseTls(texts.tls, options.shape.tls); !status.ok()) return status;
  options.rerun_from = texts.rerun;
  return Status::Ok();
}

Status CheckTogether(const ConformOptions& options) {
  const bool remote = options.backends[0] == Backend::kRemote;
  if (!options.shape.etcd_endpoints.empty()) {
    if (options.selection.areas != std::vector{std::string(kStoreArea)}) {
      return Invalid("--etcd-endpoints goes with --area store");
    }
    if (options.backends != std::vector{Backend::kProcess}) {
      return Invalid("--etcd-endpoints goes with --backend process");
    }
    if (options.shape.faults) return Invalid("--faults cannot break a store that is not ours");
  }
  const std::string& profile = options.selection.profile;
  if (remote && options.shape.kubeconfig.empty()) return Invalid("--backend remote needs --kubeconfig");
  if (!remote && !options.shape.kubeconfig.empty()) return Invalid("--kubeconfig goes with --backend remote");
  if (options.seeds < 1) return Invalid("--seeds: want at least 1");
  if (options.jobs < 0) return Invalid("--jobs: want at least 1");
  if (options.shape.members < 1 || options.shape.members > 7) return Invalid("--members: want 1 to 7");
  if (options.shape.nodes < 0 || options.shape.nodes > 100) return Invalid("--nodes: want 0 to 100");
  if (options.shape.faults && remote && !options.shape.allow_disruptive) {
    return Invalid("--faults on a remote cluster needs --allow-disruptive");
  }
  if (!profile.empty() && profile != "roadmap" && profile != "upstream") {
    return Invalid("--profile: want roadmap or upstream, got " + Quote(profile));
  }
  if (options.transcripts && options.backends != std::vector{Backend::kSim}) {
    return Invalid("--transcripts goes with --backend sim");
  }
  if (options.check_determinism && options.backends != std::vector{Backend::kSim}) {
    return Invalid("--check-determinism goes with --backend sim");
  }
  return Status::Ok();
}

}  // namespace

Result<ConformOptions> ParseConformOptions(int argc, char** argv) {
  ConformOptions options;
  Texts texts;
  options.command = "kubeproof";
  bool members_given = false;
  for (int i = 0; i < argc; ++i) {
    const std::string_view argument = argv[i];
    options.command += " " + std::string(argument);
    members_given |= argument.starts_with("--members");
    if (argument == "--help" || argument == "-h") options.help = true;
  }
  if (options.help) return options;
  Flags flags;
  Define(flags, options, texts);
  if (Status status = flags.Parse(argc, argv); !status.ok()) return status;
  if (Status status = MakeSense(texts, options); !status.ok()) return status;
  // Of one member nothing may be broken.
  if (options.shape.faults && !members_given) options.shape.members = 3;
  if (Status status = CheckTogether(options); !status.ok()) return status;
  return options;
}

std::string ConformHelp() {
  return R"(usage: kubeproof conform [flags]
Checks the catalogued behaviours, in the simulator and on a cluster of real processes on this machine.

where:
  --backend sim|process|remote|both   default: both (sim and process); remote with --kubeconfig
  --kubeconfig FILE                   the cluster to check instead
  --members N, --nodes N              size of our clusters (default 1 and 3; 3 members with --faults)
  --etcd-servers A,B                  a running etcd as the store of the process cluster
  --etcd-endpoints A,B                with --area store: check this etcd v3 server, which is written to
  --expected-failures FILE            known deviations (YAML: id, reason, link, expires; default: those of its version)
which:
  --id ID, --area AREA                by name; may be lists
  --focus PATTERN, --skip PATTERN     '*' stands for any text
  --profile roadmap|upstream          leave out what only the other profile promises
  --rerun-failed[=RUNDIR]             what failed in a run (default runs/latest)
  --shard I/N                         the I-th of N parts
  --slow                              on real time also behaviours with documented waits over 5 s
how:
  --seed S, --seeds N                 simulated worlds S, S+1, ... (default 1, one)
  --faults                            network, disks and processes fail meanwhile
  --tls drawn|always|never            real TLS in the simulator: in one world in ten (default), all or none
  --allow-disruptive                  permits faults on a cluster given by --kubeconfig
  --jobs N                            tests at a time (default: one a core; four on real time)
  --timeout T, --job-timeout T        of the run (exit code 4), of one test (fails it; default 2m)
  --out DIR                           run folder (default runs/<time>; runs/latest points to it)
  --log-level LEVEL                   what a failed simulated test shows of the components' logs:
                                      debug, info, warning (default) or error
  --list, --dry-run                   show what is selected, or what would run where
  --check-determinism                 run every simulated world twice and compare transcripts
  --transcripts                       print each simulated world's transcript hash
)";
}

}  // namespace kp::cli
