// Puts and deletions.
#include "conformance/behaviours/store/api.h"

namespace kp::conformance {

BEHAVIOUR("store/put/tells-the-former-pair") {
  Api api(t);
  const int64_t first = api.Put("a", "1");
  pb::PutRequest request = api.PutOf("a", "2");
  request.set_prev_kv(true);
  const pb::PutResponse answer = api.Do(request);
  t.Expect(answer.has_prev_kv(), "the former pair is told");
  t.Expect(answer.prev_kv().value() == "1" && answer.prev_kv().mod_revision() == first, "as it was");
  t.Expect(!api.Do(api.PutOf("a", "3")).has_prev_kv(), "unasked it is not told");
}

BEHAVIOUR("store/put/a-new-key-has-no-former-pair") {
  Api api(t);
  pb::PutRequest request = api.PutOf("a", "1");
  request.set_prev_kv(true);
  t.Expect(!api.Do(request).has_prev_kv(), "there was none");
  api.Delete("a");
  t.Expect(!api.Do(request).has_prev_kv(), "and none after a deletion");
}

BEHAVIOUR("store/put/needs-a-key") {
  Api api(t);
  api.Refused(pb::PutRequest(), Code::kInvalidArgument, kEmptyKey);
}

BEHAVIOUR("store/put/ignore-value-keeps-it") {
  Api api(t);
  api.Put("a", "1");
  pb::PutRequest request = api.PutOf("a", "");
  request.set_ignore_value(true);
  api.Do(request);
  const auto kv = api.Get("a");
  t.ExpectEq(kv->value(), "1", "value");
  t.ExpectEq(kv->version(), 2, "version");
}

BEHAVIOUR("store/put/ignore-value-takes-none") {
  Api api(t);
  api.Put("a", "1");
  pb::PutRequest request = api.PutOf("a", "2");
  request.set_ignore_value(true);
  api.Refused(request, Code::kInvalidArgument, "etcdserver: value is provided");
  t.ExpectEq(api.Value("a"), "1", "value");
}

BEHAVIOUR("store/put/ignore-value-needs-the-key") {
  Api api(t);
  pb::PutRequest request = api.PutOf("a", "");
  request.set_ignore_value(true);
  api.Refused(request, Code::kInvalidArgument, kKeyNotFound);
  t.Expect(!api.Get("a"), "nothing was made");
}

BEHAVIOUR("store/put/ignore-lease-keeps-it") {
  Api api(t);
  const int64_t lease = api.Grant(600);
  api.Put("a", "1", lease);
  pb::PutRequest request = api.PutOf("a", "2");
  request.set_ignore_lease(true);
  api.Do(request);
  t.ExpectEq(api.Get("a")->lease(), lease, "lease");
  t.ExpectEq(api.Value("a"), "2", "value");
}

BEHAVIOUR("store/put/ignore-lease-takes-none") {
  Api api(t);
  const int64_t lease = api.Grant(600);
  api.Put("a", "1");
  pb::PutRequest request = api.PutOf("a", "2", lease);
  request.set_ignore_lease(true);
  api.Refused(request, Code::kInvalidArgument, "etcdserver: lease is provided");
}

BEHAVIOUR("store/put/ignore-lease-needs-the-key") {
  Api api(t);
  pb::PutRequest request = api.PutOf("a", "1");
  request.set_ignore_lease(true);
  api.Refused(request, Code::kInvalidArgument, kKeyNotFound);
}

BEHAVIOUR("store/put/any-bytes-are-kept") {
  Api api(t);
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  api.Put("k" + bytes, bytes + bytes);
  t.Expect(api.Value("k" + bytes) == bytes + bytes, "key and value, byte for byte");
  api.Put("empty", "");
  t.Expect(api.Get("empty") && api.Get("empty")->value().empty(), "an empty value is a value");
}

BEHAVIOUR("store/delete/counts-its-keys") {
  Api api(t);
  for (const char* name : {"a", "b", "c"}) api.Put(name, name);
  pb::DeleteRangeRequest request = api.DeleteOf("a");
  request.set_range_end(api.Key("c"));
  t.ExpectEq(api.Do(request).deleted(), 2, "deleted");
  t.ExpectEq(api.Do(request).deleted(), 0, "deleted the second time");
  t.Expect(api.Get("c").has_value(), "the end is left out");
}

BEHAVIOUR("store/delete/tells-the-former-pairs") {
  Api api(t);
  for (const char* name : {"a", "b"}) api.Put(name, name);
  pb::DeleteRangeRequest request = api.DeleteOf("a");
  request.set_range_end(api.end());
  request.set_prev_kv(true);
  const pb::DeleteRangeResponse answer = api.Do(request);
  t.ExpectEq(int64_t{answer.prev_kvs_size()}, 2, "former pairs");
  t.Expect(answer.prev_kvs(0).value() == "a" && answer.prev_kvs(1).value() == "b", "in order");
}

BEHAVIOUR("store/delete/needs-a-key") {
  Api api(t);
  api.Refused(pb::DeleteRangeRequest(), Code::kInvalidArgument, kEmptyKey);
}

BEHAVIOUR("store/delete/an-end-before-the-key-deletes-nothing") {
  Api api(t);
  for (const char* name : {"a", "b"}) api.Put(name, name);
  pb::DeleteRangeRequest request = api.DeleteOf("b");
  request.set_range_end(api.Key("a"));
  t.ExpectEq(api.Do(request).deleted(), 0, "deleted");
  t.Expect(api.Get("a") && api.Get("b"), "both are there");
}

BEHAVIOUR("store/delete/one-key-only-without-an-end") {
  Api api(t);
  for (const char* name : {"a", "aa"}) api.Put(name, name);
  api.Delete("a");
  t.Expect(!api.Get("a") && api.Get("aa"), "the longer one stays");
}

// ---- revisions and headers ----

BEHAVIOUR("store/header/names-cluster-member-and-term") {
  Api api(t);
  const auto expect = [&](const pb::ResponseHeader& header, const std::string& what) {
    t.Expect(header.cluster_id() != 0 && header.member_id() != 0 && header.raft_term() != 0, what + ": all three");
    return header;
  };
  const pb::ResponseHeader put = expect(api.Do(api.PutOf("a", "1")).header(), "put");
  const pb::ResponseHeader range = expect(api.Do(api.RangeOf("a")).header(), "range");
  expect(api.Do(api.DeleteOf("a")).header(), "delete");
  expect(api.Do(pb::StatusRequest()).header(), "status");
  expect(api.Do(pb::MemberListRequest()).header(), "member list");
  expect(api.Do(pb::LeaseLeasesRequest()).header(), "leases");
  t.Expect(put.cluster_id() == range.cluster_id(), "one cluster");
}

BEHAVIOUR("store/revision/a-transaction-is-one") {
  Api api(t);
  const int64_t before = api.Revision();
  pb::TxnRequest txn;
  for (const char* name : {"a", "b", "c"}) *txn.add_success()->mutable_request_put() = api.PutOf(name, "1");
  t.ExpectEq(api.Do(txn).header().revision(), before + 1, "revision");
  for (const char* name : {"a", "b", "c"}) t.ExpectEq(api.Get(name)->mod_revision(), before + 1, "of each key");
  t.ExpectEq(api.Revision(), before + 1, "the store's");
}

BEHAVIOUR("store/revision/a-range-delete-is-one") {
  Api api(t);
  for (const char* name : {"a", "b", "c"}) api.Put(name, name);
  const int64_t before = api.Revision();
  pb::DeleteRangeRequest request;
  request.set_key(api.prefix());
  request.set_range_end(api.end());
  t.ExpectEq(api.Do(request).header().revision(), before + 1, "revision");
  t.ExpectEq(api.Revision(), before + 1, "the store's");
}

BEHAVIOUR("store/revision/a-lease-revoke-is-one") {
  Api api(t);
  const int64_t lease = api.Grant(600);
  for (const char* name : {"a", "b", "c"}) api.Put(name, name, lease);
  const int64_t before = api.Revision();
  pb::LeaseRevokeRequest revoke;
  revoke.set_id(lease);
  api.Do(revoke);
  t.ExpectEq(api.Revision(), before + 1, "revision");
}

BEHAVIOUR("store/revision/what-changes-nothing-is-none") {
  Api api(t);
  const int64_t before = api.Revision();
  api.Do(pb::TxnRequest());
  api.Delete("none");
  api.Grant(600);
  pb::TxnRequest reading;
  *reading.add_success()->mutable_request_range() = api.RangeOf("a");
  api.Do(reading);
  api.Refused(pb::PutRequest(), Code::kInvalidArgument, kEmptyKey);
  t.ExpectEq(api.Revision(), before, "revision");
}

}  // namespace kp::conformance
