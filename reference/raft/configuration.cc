#include "reference/raft/configuration.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "reference/raft/varint.h"

namespace kp::raft {
namespace {

uint64_t MajorityValue(const std::set<NodeId>& voters, const std::function<uint64_t(NodeId)>& value) {
  std::vector<uint64_t> values;
  values.reserve(voters.size());
  for (const NodeId id : voters) values.push_back(value(id));
  std::sort(values.begin(), values.end());
  // With n voters, the value at (n-1)/2 from below has been reached by n/2+1 of them.
  return values[(values.size() - 1) / 2];
}

Configuration::Vote MajorityVote(const std::set<NodeId>& voters,
                                 const std::function<std::optional<bool>(NodeId)>& vote) {
  size_t granted = 0;
  size_t rejected = 0;
  for (const NodeId id : voters) {
    const auto answer = vote(id);
    if (!answer) continue;
    ++(*answer ? granted : rejected);
  }
  const size_t quorum = voters.size() / 2 + 1;
  if (granted >= quorum) return Configuration::Vote::kWon;
  if (voters.size() - rejected < quorum) return Configuration::Vote::kLost;
  return Configuration::Vote::kPending;
}

void AppendSet(std::string& out, const std::set<NodeId>& ids) {
  AppendVarint(out, ids.size());
  for (const NodeId id : ids) AppendVarint(out, id);
}

std::optional<std::set<NodeId>> ConsumeSet(std::string_view& bytes) {
  const auto count = ConsumeVarint(bytes);
  if (!count || *count > bytes.size()) return std::nullopt;
  std::set<NodeId> ids;
  for (uint64_t i = 0; i < *count; ++i) {
    const auto id = ConsumeVarint(bytes);
    if (!id || *id == kNoNode || !ids.insert(*id).second) return std::nullopt;
  }
  return ids;
}

std::string SetText(const std::set<NodeId>& ids) {
  std::string text = "(";
  for (const NodeId id : ids) text += (text.size() > 1 ? " " : "") + std::to_string(id);
  return text + ")";
}

}  // namespace

std::string EncodeChange(const ConfigurationChange& change) {
  std::string out;
  out.push_back(static_cast<char>(change.type));
  AppendVarint(out, change.node);
  AppendBytes(out, change.context);
  return out;
}

Result<ConfigurationChange> DecodeChange(std::string_view bytes) {
  const Status malformed(Code::kInvalidArgument, "raft: malformed configuration change");
  if (bytes.empty() || static_cast<unsigned char>(bytes[0]) > static_cast<unsigned char>(ChangeType::kRemove)) {
    return malformed;
  }
  ConfigurationChange change;
  change.type = static_cast<ChangeType>(bytes[0]);
  bytes.remove_prefix(1);
  const auto node = ConsumeVarint(bytes);
  if (!node || *node == kNoNode) return malformed;
  change.node = *node;
  const auto context = ConsumeBytes(bytes);
  if (!context || !bytes.empty()) return malformed;
  change.context = *context;
  return change;
}

std::set<NodeId> Configuration::Voters() const {
  std::set<NodeId> all = voters;
  all.insert(outgoing.begin(), outgoing.end());
  return all;
}

std::set<NodeId> Configuration::All() const {
  std::set<NodeId> all = Voters();
  all.insert(learners.begin(), learners.end());
  return all;
}

uint64_t Configuration::QuorumValue(const std::function<uint64_t(NodeId)>& value) const {
  if (voters.empty()) return 0;
  const uint64_t incoming = MajorityValue(voters, value);
  return outgoing.empty() ? incoming : std::min(incoming, MajorityValue(outgoing, value));
}

Configuration::Vote Configuration::Count(const std::function<std::optional<bool>(NodeId)>& vote) const {
  const Vote incoming = MajorityVote(voters, vote);
  if (outgoing.empty()) return incoming;
  const Vote old = MajorityVote(outgoing, vote);
  if (incoming == Vote::kLost || old == Vote::kLost) return Vote::kLost;
  return incoming == Vote::kWon && old == Vote::kWon ? Vote::kWon : Vote::kPending;
}

Configuration Configuration::With(const ConfigurationChange& change) const {
  Configuration next = *this;
  switch (change.type) {
    case ChangeType::kAddVoter:
      next.learners.erase(change.node);
      next.voters.insert(change.node);
      break;
    case ChangeType::kAddLearner:
      // A voter is never demoted by this: it stays what it is.
      if (!next.IsVoter(change.node)) next.learners.insert(change.node);
      break;
    case ChangeType::kRemove:
      next.voters.erase(change.node);
      next.learners.erase(change.node);
      break;
  }
  return next;
}

std::string Configuration::ToString() const {
  std::string text = SetText(voters);
  if (!outgoing.empty()) text += "&&" + SetText(outgoing);
  if (!learners.empty()) text += " learners=" + SetText(learners);
  return text;
}

void AppendConfiguration(std::string& out, const Configuration& configuration) {
  AppendSet(out, configuration.voters);
  AppendSet(out, configuration.outgoing);
  AppendSet(out, configuration.learners);
}

std::optional<Configuration> ConsumeConfiguration(std::string_view& bytes) {
  auto voters = ConsumeSet(bytes);
  if (!voters) return std::nullopt;
  auto outgoing = ConsumeSet(bytes);
  if (!outgoing) return std::nullopt;
  auto learners = ConsumeSet(bytes);
  if (!learners) return std::nullopt;
  Configuration configuration{std::move(*voters), std::move(*outgoing), std::move(*learners)};
  for (const NodeId id : configuration.learners) {
    if (configuration.IsVoter(id)) return std::nullopt;
  }
  return configuration;
}

}  // namespace kp::raft
