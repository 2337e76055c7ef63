#include "bindings/cli/commands.h"

namespace kp::cli {

int RunApiserver(int argc, char** argv);
int RunBench(int argc, char** argv);
int RunBehaviours(int argc, char** argv);
int RunCheck(int argc, char** argv);
int RunConform(int argc, char** argv);
int RunControllerManager(int argc, char** argv);
int RunExplain(int argc, char** argv);
int RunExplore(int argc, char** argv);
int RunGuard(int argc, char** argv);
int RunKubelet(int argc, char** argv);
int RunMutants(int argc, char** argv);
int RunProperties(int argc, char** argv);
int RunScheduler(int argc, char** argv);
int RunStore(int argc, char** argv);
int RunTorture(int argc, char** argv);
int RunUp(int argc, char** argv);
int RunVersion(int argc, char** argv);

const std::vector<Command>& Commands() {
  static const std::vector<Command> commands = {
      {"conform", "check the documented behaviours, simulated and on real processes", RunConform},
      {"behaviours", "list the catalogued behaviours, their tests and last results", RunBehaviours},
      {"mutants", "switch on each deliberate bug and show which tests notice", RunMutants},
      {"check", "judge a recorded history: is it linearizable, and if not, why", RunCheck},
      {"properties", "check the laws of the cores over drawn schedules", RunProperties},
      {"explore", "try all that can happen in a small cluster of the store", RunExplore},
      {"bench", "measure the project against its own targets", RunBench},
      {"explain", "say why the scheduler places a pod where it does", RunExplain},
      {"up", "start a cluster of local processes, until Ctrl-C", RunUp},
      {"apiserver", "serve the Kubernetes API over an etcd v3 store", RunApiserver},
      {"controller-manager", "run the controllers", RunControllerManager},
      {"scheduler", "run the scheduler", RunScheduler},
      {"kubelet", "run a node with simulated containers", RunKubelet},
      {"store", "run a member of the etcd v3 store", RunStore},
      {"torture", "kill, stop and power-cut a store of real processes under load", RunTorture},
      {"guard", "(internal) clean up after a process that ends", RunGuard},
      {"version", "print the version", RunVersion},
  };
  return commands;
}

}  // namespace kp::cli
