// Who the members are: part of the replicated state. Pure; the same changes, the same members everywhere.
// Rules and texts are etcd's (etcdserver/api/membership/cluster.go, ValidateConfigurationChange).
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/status.h"
#include "reference/store/binary.h"
#include "reference/store/cluster.h"
#include "reference/store/codec.h"

namespace kp::store {

struct MemberChange {
  enum class Type : uint8_t {
    kAdd = 0,
    kAddLearner = 1,
    kRemove = 2,
    kPromote = 3,      // a learner becomes a voter
    kUpdatePeers = 4,  // other peer URLs
    kPublish = 5,      // a member tells its name and where it serves clients
  };
  Type type = Type::kAdd;
  MemberDescription member;  // the id, and what the type changes

  // True of those that change who gets the log or votes, and so go through Raft's configuration changes.
  bool reconfigures() const { return type <= Type::kPromote; }
};

std::string EncodeMemberChange(const MemberChange& change);
Result<MemberChange> DecodeMemberChange(std::string_view bytes);

// The members that start flags name, and back.
std::vector<MemberDescription> Describe(const Cluster& cluster);
Result<Cluster> ToCluster(uint64_t id, const std::vector<MemberDescription>& members);

void WriteMember(BinaryWriter& out, const MemberDescription& member);
MemberDescription ReadMember(BinaryReader& in);

// What a log says of itself: whose it is, and who the members were when it began. Configurations are counted from
// there, so a member that joins later writes down the same ones.
struct Identity {
  uint64_t cluster = 0;
  uint64_t self = 0;
  std::vector<MemberDescription> bootstrap;
};
std::string EncodeIdentity(const Identity& identity);
Result<Identity> DecodeIdentity(std::string_view bytes);

class Membership {
 public:
  Membership() = default;
  explicit Membership(const std::vector<MemberDescription>& members);

  // kFailedPrecondition or kNotFound, in etcd's words.
  Status Check(const MemberChange& change) const;
  // `change` has passed Check.
  void Apply(const MemberChange& change);

  const std::map<uint64_t, MemberDescription>& members() const { return members_; }
  const MemberDescription* Find(uint64_t id) const;
  bool Removed(uint64_t id) const { return removed_.contains(id); }
  const std::set<uint64_t>& removed() const { return removed_; }
  std::vector<MemberDescription> List() const;
  std::vector<uint64_t> Voters() const;

  // etcd's --strict-reconfig-check, the part that counts started members: a change that would leave too few of
  // them for a quorum is refused. A member has started when it has told its name.
  bool MayAddVoter() const;
  bool MayRemoveVoter(uint64_t id) const;
  bool MayPromoteLearner() const;

  void Serialize(BinaryWriter& out) const;
  static Membership Restore(BinaryReader& in);
  bool operator==(const Membership&) const = default;

 private:
  Status CheckUrls(const MemberDescription& member) const;

  std::map<uint64_t, MemberDescription> members_;
  std::set<uint64_t> removed_;  // for ever
};

}  // namespace kp::store
