// Where the jobs of one back end run: what it offers, started once by the parent; a cluster to test against
// for each job, made in the worker.
#pragma once

#include <memory>
#include <string>

#include "chaos/nemesis.h"
#include "conformance/runner.h"
#include "conformance/selection.h"
#include "fixtures/cluster.h"

namespace kp::cli {

// Whether simulated connections are real TLS: a handshake costs more than most tests, so one world in ten has it.
enum class TlsChoice : unsigned char { kDrawn, kAlways, kNever };

// What the command line says about clusters.
struct ClusterShape {
  int members = 1;
  int nodes = 3;
  bool faults = false;
  TlsChoice tls = TlsChoice::kDrawn;
  runtime::Severity log_level = runtime::Severity::kWarning;  // of simulated components
  bool slow = false;                                          // waits over 5 s also where time is real
  bool allow_disruptive = false;                              // faults on a cluster that is not ours
  std::string kubeconfig;                                     // path, for remote
  std::string etcd_servers;                                   // a foreign store under the process cluster
  std::string etcd_endpoints;                                 // a foreign store and nothing around it
};

class BackendHost {
 public:
  virtual ~BackendHost() = default;
  virtual fixtures::Backend backend() const = 0;
  std::string_view name() const { return fixtures::BackendName(backend()); }
  // In the parent, once, before any job.
  virtual Status Start() { return Status::Ok(); }
  // What a cluster for this behaviour would offer. Known without a start.
  virtual conformance::Capabilities Offers(const conformance::Entry& entry) const = 0;
  // In a worker.
  virtual reports::TestResult Run(const conformance::Job& job, const conformance::Entry& entry) = 0;
  // True where one test at a time may run: what it does to the whole store must not meet another one.
  virtual bool OneAtATime() const { return false; }
  // Whose server answers; after Start.
  virtual std::string ServerIdentity() const = 0;
  // Of a server that is not ours, by which its known deviations are found: "3.4.23"; after Start.
  virtual std::string ServerVersion() const { return ""; }
  // The flags of a recipe that make this cluster again: "--backend sim --faults".
  virtual std::string RecipeFlags() const = 0;
};

std::unique_ptr<BackendHost> MakeSimHost(const ClusterShape& shape);
std::unique_ptr<BackendHost> MakeProcessHost(const ClusterShape& shape);
std::unique_ptr<BackendHost> MakeRemoteHost(const ClusterShape& shape);
// In place of the process host: `shape.etcd_endpoints`, for behaviours of the store.
std::unique_ptr<BackendHost> MakeStoreHost(const ClusterShape& shape);

// Lets the nemesis work while a test runs. It must outlive the test.
conformance::Disturbance DisturbanceOf(chaos::Nemesis& nemesis);

// How many of a capability the behaviour needs: 0 where it does not say.
int64_t Needed(const conformance::Entry& entry, std::string_view capability);

// Such a behaviour says what fails and when; a nemesis beside it would mend what it has broken.
inline bool BreaksByItself(const conformance::Entry& entry) { return Needed(entry, "faults") > 0; }

// Behaviours of this area need the store alone: no Kubernetes is started around it.
inline constexpr std::string_view kStoreArea = "store";

// A setup that failed is no verdict on the behaviour: the message says so with this prefix.
inline constexpr std::string_view kSetupFailed = "the cluster did not come up: ";
// The objects under which a result's timeline counts faults: kind by event, number by detail. Injected, those of them
// that had an effect, and the effects.
inline constexpr std::string_view kFaultsInjected = "faults injected";
inline constexpr std::string_view kFaultsBit = "faults that bit";
inline constexpr std::string_view kFaultEffects = "effects of faults";
// What kind of simulated world it was: "tls" where its connections were.
inline constexpr std::string_view kWorld = "world";

}  // namespace kp::cli
