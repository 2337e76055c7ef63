#include "reference/store/backend_image.h"

#include <algorithm>
#include <utility>

#include "reference/base/sha.h"
#include "reference/base/strings.h"
#include "reference/store/bolt_reader.h"
#include "reference/store/etcd.pb.h"
#include "reference/store/file_names.h"
#include "reference/store/proto_writer.h"

namespace kp::store {
namespace {

constexpr size_t kRevisionBytes = 17;
constexpr size_t kSha256Bytes = 32;

std::string BigEndian(uint64_t number) {
  std::string out;
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(number >> shift));
  return out;
}

uint64_t FromBigEndian(std::string_view bytes) {
  uint64_t number = 0;
  for (const char c : bytes.substr(0, 8)) number = number << 8 | static_cast<unsigned char>(c);
  return number;
}

std::string RevisionBytes(Revision revision) { return BigEndian(static_cast<uint64_t>(revision)) + '_' + BigEndian(0); }

class VersionSource final : public BoltSource {
 public:
  explicit VersionSource(std::vector<KeyValuePtr> versions) : versions_(std::move(versions)) {}
  size_t size() const override { return versions_.size(); }
  size_t KeySize(size_t i) const override { return kRevisionBytes + (versions_[i]->tombstone() ? 1 : 0); }
  size_t ValueSize(size_t i) const override {
    if (versions_[i]->tombstone()) return RevisionValue(*versions_[i]).size();
    return ProtoWriter::Size(*versions_[i], ProtoWriter::Value::kWith);
  }
  std::string Key(size_t i) const override { return RevisionKey(*versions_[i]); }
  std::string Value(size_t i) const override { return RevisionValue(*versions_[i]); }

 private:
  const std::vector<KeyValuePtr> versions_;
};

using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs AlarmPairs(const Mvcc& state) {
  Pairs pairs;
  for (const AlarmMember& alarm : state.alarms()) {
    ProtoWriter out;
    out.Uint(1, alarm.member);
    out.Int(2, static_cast<int>(alarm.alarm));
    pairs.emplace_back(out.Take(), "");
  }
  std::sort(pairs.begin(), pairs.end());
  return pairs;
}

Pairs LeasePairs(const Mvcc& state) {
  Pairs pairs;
  for (const auto& [id, lease] : state.leases()) {
    ProtoWriter out;
    out.Int(1, id);
    out.Int(2, lease.ttl);
    pairs.emplace_back(BigEndian(static_cast<uint64_t>(id)), out.Take());
  }
  // Negative ids come last as bytes.
  std::sort(pairs.begin(), pairs.end());
  return pairs;
}

Pairs MetaPairs(const Mvcc& state, const BackendMeta& meta) {
  Pairs pairs{{"consistent_index", BigEndian(meta.consistent_index)}};
  if (state.compacted() > 0) {
    pairs.emplace_back("finishedCompactRev", RevisionBytes(state.compacted()));
    pairs.emplace_back("scheduledCompactRev", RevisionBytes(state.compacted()));
  }
  return pairs;
}

std::string JsonTexts(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const std::string& text : texts) out += (out.size() > 1 ? "," : "") + Quote(text);
  return out + "]";
}

// As Go's encoding/json writes etcd's membership.Member. Names and URLs hold nothing that JSON escapes otherwise.
Pairs MemberPairs(const Membership& members) {
  Pairs pairs;
  for (const MemberDescription& member : members.List()) {
    std::string json = "{\"id\":" + std::to_string(member.id) + ",\"peerURLs\":" + JsonTexts(member.peer_urls);
    if (member.learner) json += ",\"isLearner\":true";
    if (!member.name.empty()) json += ",\"name\":" + Quote(member.name);
    if (!member.client_urls.empty()) json += ",\"clientURLs\":" + JsonTexts(member.client_urls);
    pairs.emplace_back(HexName(member.id), json + "}");
  }
  return pairs;
}

Pairs RemovedPairs(const Membership& members) {
  Pairs pairs;
  for (const uint64_t id : members.removed()) pairs.emplace_back(HexName(id), "removed");
  return pairs;
}

Status Damaged(const std::string& what) { return {Code::kDataLoss, "backend: " + what}; }

Status ReadVersion(std::string_view key, std::string_view value, VersionedState* state) {
  const bool tombstone = key.size() == kRevisionBytes + 1 && key.back() == 't';
  if ((key.size() != kRevisionBytes && !tombstone) || key[8] != '_') return Damaged("a key that is no revision");
  mvccpb::KeyValue message;
  if (!message.ParseFromArray(value.data(), static_cast<int>(value.size())) || message.key().empty()) {
    return Damaged("a value that is no pair");
  }
  auto kv = std::make_shared<KeyValue>();
  kv->mod_revision = static_cast<Revision>(FromBigEndian(key));
  kv->sub = static_cast<uint32_t>(FromBigEndian(key.substr(9)));
  kv->key = message.key();
  if (!tombstone) {
    kv->create_revision = message.create_revision();
    kv->version = message.version();
    kv->lease = message.lease();
    kv->value = std::move(*message.mutable_value());
    const bool sound = kv->version > 0 && kv->create_revision > 0 && kv->create_revision <= kv->mod_revision &&
                       message.mod_revision() == kv->mod_revision;
    if (!sound) return Damaged("a pair whose revisions make no sense");
  }
  state->versions.push_back(std::move(kv));
  return {};
}

Status ReadLease(std::string_view value, VersionedState* state) {
  // leasepb.Lease begins as a grant request turned around.
  etcdserverpb::LeaseGrantRequest lease;
  if (!lease.ParseFromArray(value.data(), static_cast<int>(value.size()))) return Damaged("a lease that is none");
  state->leases[lease.ttl()] = lease.id();
  return {};
}

Status ReadMeta(std::string_view key, std::string_view value, VersionedState* state) {
  if (key != "finishedCompactRev" && key != "scheduledCompactRev") return {};
  if (value.size() < kRevisionBytes) return Damaged("a compaction that is no revision");
  state->compacted = std::max(state->compacted, static_cast<Revision>(FromBigEndian(value)));
  return {};
}

Status ReadAlarm(std::string_view key, VersionedState* state) {
  etcdserverpb::AlarmMember alarm;
  if (!alarm.ParseFromArray(key.data(), static_cast<int>(key.size()))) return Damaged("an alarm that is none");
  state->alarms.insert({alarm.memberid(), static_cast<AlarmType>(alarm.alarm())});
  return {};
}

}  // namespace

BoltWriter WriteBackend(const Mvcc& state, const Membership& members, const BackendMeta& meta) {
  std::vector<BoltWriter::Bucket> buckets;
  buckets.push_back({"alarm", BoltPairs(AlarmPairs(state))});
  buckets.push_back({"auth", BoltPairs({})});
  buckets.push_back({"authRoles", BoltPairs({})});
  buckets.push_back({"authUsers", BoltPairs({})});
  buckets.push_back({"cluster", BoltPairs({{"clusterVersion", meta.cluster_version}})});
  buckets.push_back({"key", std::make_unique<VersionSource>(state.Versions())});
  buckets.push_back({"lease", BoltPairs(LeasePairs(state))});
  buckets.push_back({"members", BoltPairs(MemberPairs(members))});
  buckets.push_back({"members_removed", BoltPairs(RemovedPairs(members))});
  buckets.push_back({"meta", BoltPairs(MetaPairs(state, meta))});
  return BoltWriter(std::move(buckets));
}

Result<VersionedState> ReadBackend(std::string_view file) {
  const Result<BoltReader> bolt = BoltReader::Open(file);
  if (!bolt.ok()) return bolt.error();
  VersionedState state;
  const std::pair<std::string_view, BoltReader::Visit> readers[] = {
      {"key", [&](std::string_view key, std::string_view value) { return ReadVersion(key, value, &state); }},
      {"lease", [&](std::string_view, std::string_view value) { return ReadLease(value, &state); }},
      {"meta", [&](std::string_view key, std::string_view value) { return ReadMeta(key, value, &state); }},
      {"alarm", [&](std::string_view key, std::string_view) { return ReadAlarm(key, &state); }},
  };
  for (const auto& [bucket, visit] : readers) {
    if (Status status = bolt->ForEach(bucket, visit); !status.ok()) return status;
  }
  for (size_t i = 1; i < state.versions.size(); ++i) {
    const KeyValue& before = *state.versions[i - 1];
    const KeyValue& version = *state.versions[i];
    if (std::pair(before.mod_revision, before.sub) >= std::pair(version.mod_revision, version.sub)) {
      return Damaged("revisions out of order");
    }
  }
  return state;
}

Result<std::string_view> CheckSnapshot(std::string_view file, HashCheck check) {
  // Pages are larger than 512 bytes, a checksum is smaller.
  const bool has_hash = file.size() > kSha256Bytes && file.size() % 512 == kSha256Bytes;
  if (!has_hash) {
    if (check == HashCheck::kSkipped) return file;
    return Status(Code::kInvalidArgument, "snapshot missing hash but --skip-hash-check=false");
  }
  const std::string_view content = file.substr(0, file.size() - kSha256Bytes);
  const std::string expected(file.substr(content.size()));
  if (check == HashCheck::kRequired && Sha256(content) != expected) {
    return Status(Code::kDataLoss, "expected sha256 " + HexEncode(expected) + ", got " + HexEncode(Sha256(content)));
  }
  return content;
}

}  // namespace kp::store
