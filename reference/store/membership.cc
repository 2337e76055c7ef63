#include "reference/store/membership.h"

#include <algorithm>

#include "reference/base/mutant.h"
#include "reference/base/strings.h"
#include "reference/store/errors.h"

namespace kp::store {
namespace {

// etcd 3.4 has one learner at a time.
constexpr size_t kMaxLearners = 1;

void WriteTexts(BinaryWriter& out, const std::vector<std::string>& texts) {
  out.Number(texts.size());
  for (const std::string& text : texts) out.Text(text);
}

std::vector<std::string> ReadTexts(BinaryReader& in) {
  std::vector<std::string> texts;
  for (uint64_t left = in.Number(); left > 0 && in.ok(); --left) texts.emplace_back(in.Text());
  return texts;
}

}  // namespace

std::vector<MemberDescription> Describe(const Cluster& cluster) {
  std::vector<MemberDescription> members;
  for (const ClusterMember& member : cluster.members) {
    members.push_back({.id = member.id, .name = member.name, .peer_urls = UrlTexts(member.peer_urls)});
  }
  return members;
}

Result<Cluster> ToCluster(uint64_t id, const std::vector<MemberDescription>& members) {
  Cluster cluster{.id = id};
  for (const MemberDescription& member : members) {
    auto urls = ParseUrls(Join(member.peer_urls, ","));
    if (!urls.ok()) return urls.error();
    cluster.members.push_back({member.id, member.name, std::move(*urls)});
  }
  return cluster;
}

void WriteMember(BinaryWriter& out, const MemberDescription& member) {
  out.Number(member.id);
  out.Text(member.name);
  WriteTexts(out, member.peer_urls);
  WriteTexts(out, member.client_urls);
  out.Number(member.learner ? 1 : 0);
}

MemberDescription ReadMember(BinaryReader& in) {
  MemberDescription member;
  member.id = in.Number();
  member.name = in.Text();
  member.peer_urls = ReadTexts(in);
  member.client_urls = ReadTexts(in);
  member.learner = in.Number() != 0;
  return member;
}

std::string EncodeMemberChange(const MemberChange& change) {
  BinaryWriter out;
  out.Number(static_cast<uint64_t>(change.type));
  WriteMember(out, change.member);
  return std::move(out.bytes());
}

Result<MemberChange> DecodeMemberChange(std::string_view bytes) {
  BinaryReader in(bytes);
  MemberChange change;
  const uint64_t type = in.Number();
  change.type = static_cast<MemberChange::Type>(type);
  change.member = ReadMember(in);
  if (!in.AtEnd() || type > static_cast<uint64_t>(MemberChange::Type::kPublish)) {
    return Status(Code::kDataLoss, "log: malformed membership change");
  }
  return change;
}

std::string EncodeIdentity(const Identity& identity) {
  BinaryWriter out;
  out.Number(identity.cluster);
  out.Number(identity.self);
  out.Number(identity.bootstrap.size());
  for (const MemberDescription& member : identity.bootstrap) WriteMember(out, member);
  return std::move(out.bytes());
}

Result<Identity> DecodeIdentity(std::string_view bytes) {
  BinaryReader in(bytes);
  Identity identity;
  identity.cluster = in.Number();
  identity.self = in.Number();
  for (uint64_t left = in.Number(); left > 0 && in.ok(); --left) identity.bootstrap.push_back(ReadMember(in));
  if (!in.AtEnd()) return Status(Code::kDataLoss, "wal: malformed identity of the member");
  return identity;
}

Membership::Membership(const std::vector<MemberDescription>& members) {
  for (const MemberDescription& member : members) members_.emplace(member.id, member);
}

const MemberDescription* Membership::Find(uint64_t id) const {
  const auto found = members_.find(id);
  return found == members_.end() ? nullptr : &found->second;
}

// No two members share a peer URL.
Status Membership::CheckUrls(const MemberDescription& member) const {
  for (const auto& [id, other] : members_) {
    if (id == member.id) continue;
    for (const std::string& url : other.peer_urls) {
      if (std::find(member.peer_urls.begin(), member.peer_urls.end(), url) != member.peer_urls.end()) {
        return ErrorPeerUrlExists();
      }
    }
  }
  return {};
}

Status Membership::Check(const MemberChange& change) const {
  const uint64_t id = change.member.id;
  if (removed_.contains(id)) return ErrorMemberNotFound();
  const MemberDescription* known = Find(id);
  switch (change.type) {
    case MemberChange::Type::kAdd:
    case MemberChange::Type::kAddLearner: {
      if (known != nullptr) return ErrorMemberExists();
      if (Status status = CheckUrls(change.member); !status.ok()) return status;
      const auto learners =
          std::count_if(members_.begin(), members_.end(), [](const auto& item) { return item.second.learner; });
      const bool full = static_cast<size_t>(learners) >= kMaxLearners;
      if (change.type == MemberChange::Type::kAddLearner && full) return ErrorTooManyLearners();
      return {};
    }
    case MemberChange::Type::kPromote:
      if (known == nullptr) return ErrorMemberNotFound();
      return known->learner ? Status() : ErrorMemberNotLearner();
    case MemberChange::Type::kUpdatePeers:
      if (known == nullptr) return ErrorMemberNotFound();
      return CheckUrls(change.member);
    case MemberChange::Type::kRemove:
    case MemberChange::Type::kPublish: return known == nullptr ? ErrorMemberNotFound() : Status();
  }
  return {};
}

void Membership::Apply(const MemberChange& change) {
  const uint64_t id = change.member.id;
  switch (change.type) {
    case MemberChange::Type::kAdd:
    case MemberChange::Type::kAddLearner:
      members_[id] = change.member;
      members_[id].learner = change.type == MemberChange::Type::kAddLearner;
      break;
    case MemberChange::Type::kRemove:
      members_.erase(id);
      if (!KP_MUTANT("store-forgets-removed-members")) removed_.insert(id);
      break;
    case MemberChange::Type::kPromote: members_[id].learner = false; break;
    case MemberChange::Type::kUpdatePeers: members_[id].peer_urls = change.member.peer_urls; break;
    case MemberChange::Type::kPublish:
      members_[id].name = change.member.name;
      members_[id].client_urls = change.member.client_urls;
      break;
  }
}

std::vector<MemberDescription> Membership::List() const {
  std::vector<MemberDescription> list;
  for (const auto& [id, member] : members_) list.push_back(member);
  return list;
}

std::vector<uint64_t> Membership::Voters() const {
  std::vector<uint64_t> voters;
  for (const auto& [id, member] : members_) {
    if (!member.learner) voters.push_back(id);
  }
  return voters;
}

bool Membership::MayAddVoter() const {
  size_t members = 1;  // the new one
  size_t started = 0;
  for (const uint64_t id : Voters()) {
    ++members;
    if (!Find(id)->name.empty()) ++started;
  }
  // One may always become two: that is how a cluster of one grows.
  if (started == 1 && members == 2) return true;
  return started >= members / 2 + 1;
}

bool Membership::MayRemoveVoter(uint64_t id) const {
  size_t members = 0;
  size_t started = 0;
  for (const uint64_t voter : Voters()) {
    if (voter == id) continue;
    ++members;
    if (!Find(voter)->name.empty()) ++started;
  }
  return members > 0 && started >= members / 2 + 1;
}

bool Membership::MayPromoteLearner() const {
  size_t members = 1;  // the learner, which counts as started
  size_t started = 1;
  for (const uint64_t voter : Voters()) {
    ++members;
    if (!Find(voter)->name.empty()) ++started;
  }
  return started >= members / 2 + 1;
}

void Membership::Serialize(BinaryWriter& out) const {
  out.Number(members_.size());
  for (const auto& [id, member] : members_) WriteMember(out, member);
  out.Number(removed_.size());
  for (const uint64_t id : removed_) out.Number(id);
}

Membership Membership::Restore(BinaryReader& in) {
  Membership membership;
  for (uint64_t left = in.Number(); left > 0 && in.ok(); --left) {
    MemberDescription member = ReadMember(in);
    membership.members_.emplace(member.id, std::move(member));
  }
  for (uint64_t left = in.Number(); left > 0 && in.ok(); --left) membership.removed_.insert(in.Number());
  return membership;
}

}  // namespace kp::store
