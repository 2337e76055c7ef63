// Limits, alarms, status, hashes and what a client asks of the leader.
#include <set>

#include "conformance/behaviours/store/api.h"

namespace kp::conformance {

namespace {

constexpr std::string_view kNoSpace = "etcdserver: mvcc: database space exceeded";

pb::AlarmRequest AlarmOf(pb::AlarmRequest::AlarmAction action, pb::AlarmType type, uint64_t member) {
  pb::AlarmRequest request;
  request.set_action(action);
  request.set_alarm(type);
  request.set_memberid(member);
  return request;
}

// Raised while it lives: what others find must be a store that takes writes.
class Alarm {
 public:
  Alarm(Api& api, pb::AlarmType type)
      : api_(api), type_(type), member_(api.Do(pb::StatusRequest()).header().member_id()) {
    api.Do(AlarmOf(pb::AlarmRequest::ACTIVATE, type, member_));
  }
  ~Alarm() {
    const pb::AlarmRequest off = AlarmOf(pb::AlarmRequest::DEACTIVATE, type_, member_);
    const Answer done = api_.Begin("/etcdserverpb.Maintenance/Alarm", off.SerializeAsString());
    api_.t().cluster().Pump([&] { return done->has_value(); }, 10s);
  }
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;
  uint64_t member() const { return member_; }

 private:
  Api& api_;
  pb::AlarmType type_;
  uint64_t member_;
};

}  // namespace

BEHAVIOUR("store/limits/refuses-a-request-over-its-limit") {
  Api api(t);
  api.Refused(api.PutOf("a", std::string(1600 * 1024, 'x')), Code::kInvalidArgument,
              "etcdserver: request is too large");
  t.Expect(!api.Get("a"), "nothing was put");
}

BEHAVIOUR("store/limits/takes-a-request-below-its-limit") {
  Api api(t);
  const std::string big(1400 * 1024, 'x');
  api.Put("a", big);
  t.Expect(api.Value("a") == big, "the value comes back");
}

BEHAVIOUR("store/limits/refuses-a-message-over-the-transport-limit") {
  Api api(t);
  const auto answer = api.Try(api.PutOf("a", std::string(2200 * 1024, 'x')));
  t.Expect(answer.status().code() == Code::kResourceExhausted,
           "refused by the transport: " + answer.status().ToString());
  t.Expect(!api.Get("a"), "the connection goes on, and nothing was put");
}

BEHAVIOUR("store/limits/answers-many-at-once") {
  Api api(t);
  std::vector<Answer> answers;
  for (int i = 0; i < 300; ++i) {
    answers.push_back(api.Begin("/etcdserverpb.KV/Put", api.PutOf(std::to_string(i), "1").SerializeAsString()));
  }
  for (const Answer& answer : answers) t.Expect(api.Await(answer).ok(), "each is answered");
  t.ExpectEq(api.Do(api.AllOf()).count(), 300, "keys");
}

BEHAVIOUR("store/alarm/no-space-stops-what-takes-space") {
  Api api(t);
  const int64_t lease = api.Grant(600);
  api.Put("a", "1", lease);
  const int64_t revision = api.Put("b", "1");
  const Alarm alarm(api, pb::NOSPACE);
  api.Refused(api.PutOf("c", "1"), Code::kResourceExhausted, kNoSpace);
  pb::LeaseGrantRequest grant;
  grant.set_ttl(600);
  api.Refused(grant, Code::kResourceExhausted, kNoSpace);
  pb::TxnRequest txn;
  *txn.add_success()->mutable_request_put() = api.PutOf("c", "1");
  api.Refused(txn, Code::kResourceExhausted, kNoSpace);
  t.Step("what gives space is done, and so are reads");
  t.ExpectEq(api.Value("b"), "1", "value");
  api.Delete("b");
  pb::CompactionRequest compaction;
  compaction.set_revision(revision);
  api.Do(compaction);
  pb::LeaseRevokeRequest revoke;
  revoke.set_id(lease);
  api.Do(revoke);
  pb::TxnRequest erase;
  *erase.add_success()->mutable_request_delete_range() = api.DeleteOf("none");
  api.Do(erase);
}

BEHAVIOUR("store/alarm/is-listed-until-it-is-disarmed") {
  Api api(t);
  {
    const Alarm alarm(api, pb::NOSPACE);
    const pb::AlarmResponse listed = api.Do(AlarmOf(pb::AlarmRequest::GET, pb::NONE, 0));
    t.Expect(listed.alarms_size() == 1 && listed.alarms(0).memberid() == alarm.member() &&
                 listed.alarms(0).alarm() == pb::NOSPACE,
             "one alarm, with its member");
    bool told = false;
    const pb::StatusResponse status = api.Do(pb::StatusRequest());
    for (const std::string& error : status.errors()) {
      told |= error.find("NOSPACE") != std::string::npos;
    }
    t.Expect(told, "the status tells it");
  }
  t.ExpectEq(int64_t{api.Do(AlarmOf(pb::AlarmRequest::GET, pb::NONE, 0)).alarms_size()}, 0, "alarms afterwards");
  api.Put("a", "1");
}

BEHAVIOUR("store/alarm/corruption-stops-everything-that-is-applied") {
  Api api(t);
  api.Put("a", "1");
  const Alarm alarm(api, pb::CORRUPT);
  api.Refused(api.PutOf("b", "1"), Code::kDataLoss, "etcdserver: corrupt cluster");
  api.Refused(api.DeleteOf("a"), Code::kDataLoss, "etcdserver: corrupt cluster");
  pb::LeaseGrantRequest grant;
  grant.set_ttl(600);
  api.Refused(grant, Code::kDataLoss, "etcdserver: corrupt cluster");
}

BEHAVIOUR("store/status/describes-the-member") {
  Api api(t);
  api.Put("a", "1");
  const pb::StatusResponse status = api.Do(pb::StatusRequest());
  t.Expect(!status.version().empty(), "version");
  t.Expect(status.dbsize() > 0 && status.dbsizeinuse() > 0, "sizes");
  t.Expect(status.leader() != 0 && status.raftterm() > 0, "leader and term");
  t.Expect(status.raftindex() > 0 && status.raftappliedindex() > 0 && status.raftappliedindex() <= status.raftindex(),
           "indexes");
  t.Expect(status.errors().empty() && !status.islearner(), "all is well");
}

BEHAVIOUR("store/members/are-listed") {
  Api api(t);
  const pb::MemberListResponse list = api.Do(pb::MemberListRequest());
  bool self = false;
  for (const pb::Member& member : list.members()) {
    self |= member.id() == list.header().member_id();
    t.Expect(member.id() != 0 && !member.name().empty(), "id and name");
    t.Expect(member.peerurls_size() > 0 && member.clienturls_size() > 0, "where to reach it");
  }
  t.Expect(self, "who answers is among them");
}

BEHAVIOUR("store/hash/follows-the-content") {
  Api api(t);
  pb::HashKVRequest request;
  request.set_revision(api.Put("a", "1"));
  const uint32_t first = api.Do(request).hash();
  t.ExpectEq(int64_t{api.Do(request).hash()}, int64_t{first}, "the hash of the same revision");
  const int64_t second = api.Put("a", "2");
  t.ExpectEq(int64_t{api.Do(request).hash()}, int64_t{first}, "later writes do not change it");
  request.set_revision(second);
  t.Expect(api.Do(request).hash() != first, "another revision has another");
}

BEHAVIOUR("store/hash/refuses-compacted-and-future-revisions") {
  Api api(t);
  const int64_t first = api.Put("a", "1");
  const int64_t second = api.Put("a", "2");
  pb::CompactionRequest compaction;
  compaction.set_revision(second);
  compaction.set_physical(true);
  api.Do(compaction);
  pb::HashKVRequest request;
  request.set_revision(first);
  api.Refused(request, Code::kOutOfRange, kCompactedText);
  request.set_revision(second + 1000000);
  api.Refused(request, Code::kOutOfRange, kFutureText);
  request.set_revision(api.Put("a", "3"));
  t.ExpectEq(api.Do(request).compact_revision(), second, "compact_revision");
}

BEHAVIOUR("store/hash/is-the-same-on-all-members") {
  Api api(t);
  for (int i = 0; i < 20; ++i) api.Put(std::to_string(i % 7), std::to_string(i));
  pb::HashKVRequest request;
  request.set_revision(api.Delete("3"));
  std::set<uint32_t> hashes;
  for (int i = 0; i < 3; ++i) {
    Api member(api, i);
    member.Do(member.RangeOf("3"));  // it has caught up then
    hashes.insert(member.Do(request).hash());
  }
  t.ExpectEq(hashes.size(), size_t{1}, "different hashes");
}

BEHAVIOUR("store/defragment/is-answered-and-changes-nothing") {
  Api api(t);
  api.Put("a", "1");
  api.Do(pb::DefragmentRequest());
  t.ExpectEq(api.Value("a"), "1", "value");
}

BEHAVIOUR("store/leader/who-needs-one-is-served-while-there-is-one") {
  Api api(t);
  api.SetMetadata("hasleader", "true");
  api.Put("a", "1");
  t.ExpectEq(api.Value("a"), "1", "value");
  Watches watches(api);
  const int64_t id = watches.Open(WatchAllOf(api));
  api.Put("a", "2");
  t.Eventually("the watch tells the put", [&] { return watches.EventsOf(id).size() == 1 || watches.end(); });
}

BEHAVIOUR("store/leader/who-needs-one-is-refused-without") {
  Api all(t);
  all.Put("a", "1");
  Api api(all, 0);
  api.SetMetadata("hasleader", "true");
  Watches watches(api);
  watches.Open(WatchAllOf(api));
  for (int i = 1; i < 3; ++i) (void)t.cluster().faults()->Kill("store-" + std::to_string(i));
  t.Eventually(
      "the open watch is ended", [&] { return watches.end().has_value(); }, 60s);
  api.ExpectText(*watches.end(), Code::kUnavailable, "etcdserver: no leader");
  api.Refused(api.PutOf("a", "2"), Code::kUnavailable, "etcdserver: no leader");
  pb::RangeRequest local = api.RangeOf("a");
  local.set_serializable(true);
  api.Refused(local, Code::kUnavailable, "etcdserver: no leader");
  t.Step("who does not ask for a leader is served what needs none");
  api.ClearMetadata();
  t.ExpectEq(api.Do(local).kvs(0).value(), "1", "value");
}

BEHAVIOUR("store/members/what-one-has-told-it-does-not-take-back") {
  Api api(t);
  std::vector<std::unique_ptr<Api>> members;
  for (int i = 0; i < 3; ++i) members.push_back(std::make_unique<Api>(api, i));
  std::vector<int64_t> seen(3);
  for (int i = 0; i < 60; ++i) {
    members[static_cast<size_t>(i % 3)]->Put("a", std::to_string(i));
    for (size_t j = 0; j < 3; ++j) {
      pb::RangeRequest local = api.RangeOf("a");
      local.set_serializable(true);
      const pb::RangeResponse answer = members[j]->Do(local);
      t.Expect(answer.header().revision() >= seen[j], "the revision does not fall");
      seen[j] = answer.header().revision();
      if (answer.kvs().empty()) continue;
      t.Expect(answer.kvs(0).mod_revision() <= seen[j], "the key is of a revision that was told");
    }
  }
}

}  // namespace kp::conformance
