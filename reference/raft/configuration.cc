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

bool Configuration::Sound() const {
  const auto none_votes = [this](NodeId id) { return !IsVoter(id); };
  if (!std::all_of(learners.begin(), learners.end(), none_votes)) return false;
  const auto leaves = [this](NodeId id) { return outgoing.contains(id) && !voters.contains(id); };
  if (!std::all_of(learners_next.begin(), learners_next.end(), leaves)) return false;
  return joint() || (learners_next.empty() && !auto_leave);
}

std::string Configuration::ToString() const {
  std::string text = SetText(voters);
  if (joint()) text += "&&" + SetText(outgoing);
  if (!learners.empty()) text += " learners=" + SetText(learners);
  if (!learners_next.empty()) text += " learners_next=" + SetText(learners_next);
  if (auto_leave) text += " auto_leave";
  return text;
}

void AppendConfiguration(std::string& out, const Configuration& configuration) {
  AppendSet(out, configuration.voters);
  AppendSet(out, configuration.outgoing);
  AppendSet(out, configuration.learners);
  if (!configuration.joint()) return;
  AppendSet(out, configuration.learners_next);
  out.push_back(configuration.auto_leave ? 1 : 0);
}

std::optional<Configuration> ConsumeConfiguration(std::string_view& bytes) {
  Configuration configuration;
  for (std::set<NodeId>* ids : {&configuration.voters, &configuration.outgoing, &configuration.learners}) {
    auto consumed = ConsumeSet(bytes);
    if (!consumed) return std::nullopt;
    *ids = std::move(*consumed);
  }
  if (configuration.joint()) {
    auto learners_next = ConsumeSet(bytes);
    if (!learners_next || bytes.empty() || static_cast<unsigned char>(bytes[0]) > 1) return std::nullopt;
    configuration.learners_next = std::move(*learners_next);
    configuration.auto_leave = bytes[0] == 1;
    bytes.remove_prefix(1);
  }
  return configuration.Sound() ? std::optional(std::move(configuration)) : std::nullopt;
}

}  // namespace kp::raft
