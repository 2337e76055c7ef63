#include "reference/raft/configuration_change.h"

#include "reference/raft/varint.h"

namespace kp::raft {
namespace {

// The first byte of a change that is more than one plain step; below it are the types of those.
constexpr unsigned char kManySteps = 0x10;
constexpr size_t kMaxSteps = 1000;

void Add(Configuration& next, ChangeStep step) {
  const bool votes_still = next.outgoing.contains(step.node);
  if (step.type == ChangeType::kUpdate) return;
  next.voters.erase(step.node);
  next.learners.erase(step.node);
  next.learners_next.erase(step.node);
  if (step.type == ChangeType::kAddVoter) next.voters.insert(step.node);
  // Whoever votes in the old half becomes a learner when that half goes.
  if (step.type == ChangeType::kAddLearner) (votes_still ? next.learners_next : next.learners).insert(step.node);
}

Status Refused(std::string_view why) { return Status(Code::kFailedPrecondition, "raft: " + std::string(why)); }

bool IsType(unsigned char byte) { return byte <= static_cast<unsigned char>(ChangeType::kUpdate); }

std::optional<ChangeStep> ConsumeStep(std::string_view& bytes) {
  if (bytes.empty() || !IsType(static_cast<unsigned char>(bytes[0]))) return std::nullopt;
  const auto type = static_cast<ChangeType>(bytes[0]);
  bytes.remove_prefix(1);
  const auto node = ConsumeVarint(bytes);
  if (!node || *node == kNoNode) return std::nullopt;
  return ChangeStep{type, *node};
}

}  // namespace

Result<Configuration> Apply(const Configuration& configuration, const ConfigurationChange& change) {
  Configuration next = configuration;
  if (change.leaves_joint()) {
    if (!next.joint()) return Refused("there is no joint configuration to leave");
    next.learners.insert(next.learners_next.begin(), next.learners_next.end());
    next.learners_next.clear();
    next.outgoing.clear();
    next.auto_leave = false;
    return next;
  }
  if (next.joint()) return Refused("the joint configuration must be left first");
  if (change.enters_joint()) {
    next.outgoing = next.voters;
    next.auto_leave = change.transition != Transition::kExplicit;
  }
  for (const ChangeStep& step : change.steps) Add(next, step);
  if (next.voters.empty()) return Refused("the last voter cannot be removed");
  return next;
}

// A plain step: type, node, context. Else: kManySteps + transition, count, steps, context.
std::string EncodeChange(const ConfigurationChange& change) {
  std::string out;
  const bool plain = change.steps.size() == 1 && change.transition == Transition::kAuto;
  if (!plain) {
    out.push_back(static_cast<char>(kManySteps + static_cast<unsigned char>(change.transition)));
    AppendVarint(out, change.steps.size());
  }
  for (const ChangeStep& step : change.steps) {
    out.push_back(static_cast<char>(step.type));
    AppendVarint(out, step.node);
  }
  AppendBytes(out, change.context);
  return out;
}

Result<ConfigurationChange> DecodeChange(std::string_view bytes) {
  const Status malformed(Code::kInvalidArgument, "raft: malformed configuration change");
  if (bytes.empty()) return malformed;
  ConfigurationChange change;
  uint64_t count = 1;
  if (const auto first = static_cast<unsigned char>(bytes[0]); !IsType(first)) {
    if (first < kManySteps || first > kManySteps + static_cast<unsigned char>(Transition::kExplicit)) return malformed;
    change.transition = static_cast<Transition>(first - kManySteps);
    bytes.remove_prefix(1);
    const auto steps = ConsumeVarint(bytes);
    // Each change has one encoding.
    if (!steps || *steps > kMaxSteps || (*steps == 1 && change.transition == Transition::kAuto)) return malformed;
    count = *steps;
  }
  for (uint64_t i = 0; i < count; ++i) {
    const auto step = ConsumeStep(bytes);
    if (!step) return malformed;
    change.steps.push_back(*step);
  }
  const auto context = ConsumeBytes(bytes);
  if (!context || !bytes.empty()) return malformed;
  change.context = *context;
  return change;
}

}  // namespace kp::raft
