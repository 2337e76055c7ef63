// Names the test of a catalogued behaviour and keeps it until a run asks for it:
//
//   BEHAVIOUR("apps/replicaset/adopts-matching-orphan") {
//     auto pod = t.cluster()...
//   }
//
// The body is plain sequential code against `t`, the same for every back end. A behaviour may have
// several tests; all but one then carry a name: BEHAVIOUR("a/b/c", "after a restart").
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kp::conformance {

struct Catalogue;
class Context;  // defined where bodies run

struct Behaviour {
  std::string_view id;
  std::string_view variant;  // "" for the only or the first
  std::string_view file;     // from the source root
  int line = 0;
  void (*body)(Context& t) = nullptr;

  // "apps/replicaset/adopts-matching-orphan#after a restart".
  std::string name() const;
};

// All that the program holds, in the order of their names.
std::vector<Behaviour> RegisteredBehaviours();

// What is wrong with these tests in the light of the catalogue: an id that is not in it, two tests
// of one name, a `must` that has neither a test nor an `untested` reason, an entry with both.
std::vector<std::string> CheckBehaviours(const Catalogue& catalogue, const std::vector<Behaviour>& behaviours);

class BehaviourRegistrar {
 public:
  BehaviourRegistrar(void (*body)(Context&), const char* file, int line, std::string_view id,
                     std::string_view variant = "");
};

}  // namespace kp::conformance

#define BEHAVIOUR(...) KP_BEHAVIOUR_NUMBERED(__COUNTER__, __VA_ARGS__)
#define KP_BEHAVIOUR_NUMBERED(number, ...) KP_BEHAVIOUR_DEFINE(number, __VA_ARGS__)
#define KP_BEHAVIOUR_DEFINE(number, ...)                                                                             \
  static void KpBehaviour##number(::kp::conformance::Context& t);                                                    \
  static const ::kp::conformance::BehaviourRegistrar kp_registrar_##number(&KpBehaviour##number, __FILE__, __LINE__, \
                                                                           __VA_ARGS__);                             \
  static void KpBehaviour##number([[maybe_unused]] ::kp::conformance::Context& t)
