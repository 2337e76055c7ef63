// Transactions: branches, order, nesting, what is refused.
#include "conformance/behaviours/store/api.h"

namespace kp::conformance {

namespace {

constexpr std::string_view kTooManyOps = "etcdserver: too many operations in txn request";

pb::RequestOp PutOp(const Api& api, std::string_view name, std::string value) {
  pb::RequestOp op;
  *op.mutable_request_put() = api.PutOf(name, std::move(value));
  return op;
}

pb::RequestOp RangeOp(const Api& api, std::string_view name) {
  pb::RequestOp op;
  *op.mutable_request_range() = api.RangeOf(name);
  return op;
}

pb::RequestOp DeleteOp(const Api& api, std::string_view name, std::string_view end = "") {
  pb::RequestOp op;
  *op.mutable_request_delete_range() = api.DeleteOf(name);
  if (!end.empty()) op.mutable_request_delete_range()->set_range_end(api.Key(end));
  return op;
}

pb::TxnRequest Then(std::initializer_list<pb::RequestOp> ops) {
  pb::TxnRequest txn;
  for (const pb::RequestOp& op : ops) *txn.add_success() = op;
  return txn;
}

pb::RequestOp Nested(const pb::TxnRequest& txn) {
  pb::RequestOp op;
  *op.mutable_request_txn() = txn;
  return op;
}

}  // namespace

BEHAVIOUR("store/txn/all-compares-must-hold") {
  Api api(t);
  api.Put("a", "1");
  api.Put("b", "1");
  pb::TxnRequest txn = Then({PutOp(api, "c", "then")});
  *txn.add_compare() = api.VersionIs("a", 1);
  *txn.add_compare() = api.VersionIs("b", 2);
  *txn.add_failure() = PutOp(api, "c", "else");
  t.Expect(!api.Do(txn).succeeded(), "one of two does not hold");
  t.ExpectEq(api.Value("c"), "else", "the other branch was run");
  txn.mutable_compare(1)->set_version(1);
  t.Expect(api.Do(txn).succeeded(), "both hold");
  t.ExpectEq(api.Value("c"), "then", "the first branch was run");
}

BEHAVIOUR("store/txn/without-compares-takes-the-first-branch") {
  Api api(t);
  pb::TxnRequest txn = Then({PutOp(api, "a", "then")});
  *txn.add_failure() = PutOp(api, "a", "else");
  t.Expect(api.Do(txn).succeeded(), "nothing can fail to hold");
  t.ExpectEq(api.Value("a"), "then", "value");
}

BEHAVIOUR("store/txn/reads-see-its-earlier-writes") {
  Api api(t);
  api.Put("a", "old");
  const pb::TxnResponse answer = api.Do(
      Then({RangeOp(api, "a"), PutOp(api, "a", "new"), RangeOp(api, "a"), DeleteOp(api, "b"), RangeOp(api, "b")}));
  t.ExpectEq(int64_t{answer.responses_size()}, 5, "an answer for each operation");
  t.ExpectEq(answer.responses(0).response_range().kvs(0).value(), "old", "before the put");
  t.ExpectEq(answer.responses(2).response_range().kvs(0).value(), "new", "after it");
}

BEHAVIOUR("store/txn/runs-in-order") {
  Api api(t);
  api.Put("a", "1");
  const pb::TxnResponse answer = api.Do(Then({DeleteOp(api, "a"), RangeOp(api, "a"), PutOp(api, "b", "2")}));
  t.ExpectEq(answer.responses(0).response_delete_range().deleted(), 1, "deleted");
  t.ExpectEq(answer.responses(1).response_range().count(), 0, "keys after it");
  t.Expect(answer.responses(2).has_response_put(), "the third answer is the put's");
}

BEHAVIOUR("store/txn/nested-ones-run") {
  Api api(t);
  api.Put("a", "1");
  pb::TxnRequest inner = Then({PutOp(api, "x", "inner then")});
  *inner.add_compare() = api.VersionIs("a", 7);
  *inner.add_failure() = PutOp(api, "x", "inner else");
  const pb::TxnResponse answer = api.Do(Then({PutOp(api, "y", "outer"), Nested(inner)}));
  t.Expect(answer.succeeded(), "the outer one succeeds");
  t.Expect(answer.responses(1).has_response_txn() && !answer.responses(1).response_txn().succeeded(),
           "the inner one takes its other branch");
  t.ExpectEq(api.Value("x"), "inner else", "what it put");
  t.ExpectEq(api.Get("x")->mod_revision(), api.Get("y")->mod_revision(), "one revision for both");
}

BEHAVIOUR("store/txn/nested-compares-see-the-state-before") {
  Api api(t);
  pb::TxnRequest inner = Then({PutOp(api, "x", "absent")});
  *inner.add_compare() = api.VersionIs("a", 0);
  *inner.add_failure() = PutOp(api, "x", "there");
  api.Do(Then({PutOp(api, "a", "1"), Nested(inner)}));
  t.ExpectEq(api.Value("x"), "absent", "the put before it was not seen by the compare");
}

BEHAVIOUR("store/txn/takes-128-operations") {
  Api api(t);
  pb::TxnRequest txn;
  for (int i = 0; i < 128; ++i) *txn.add_success() = PutOp(api, std::to_string(i), "");
  api.Do(txn);
  t.ExpectEq(api.Do(api.AllOf()).count(), 128, "keys");
}

BEHAVIOUR("store/txn/refuses-129-operations") {
  Api api(t);
  pb::TxnRequest txn;
  for (int i = 0; i < 129; ++i) *txn.add_success() = PutOp(api, std::to_string(i), "");
  api.Refused(txn, Code::kInvalidArgument, kTooManyOps);
  pb::TxnRequest other;
  for (int i = 0; i < 129; ++i) *other.add_failure() = PutOp(api, std::to_string(i), "");
  api.Refused(other, Code::kInvalidArgument, kTooManyOps);
  pb::TxnRequest comparing;
  for (int i = 0; i < 129; ++i) *comparing.add_compare() = api.VersionIs("a", 0);
  api.Refused(comparing, Code::kInvalidArgument, kTooManyOps);
  t.ExpectEq(api.Do(api.AllOf()).count(), 0, "keys");
}

BEHAVIOUR("store/txn/nested-ones-share-the-budget") {
  Api api(t);
  pb::TxnRequest inner;
  for (int i = 0; i < 100; ++i) *inner.add_success() = PutOp(api, "i" + std::to_string(i), "");
  pb::TxnRequest txn = Then({Nested(inner)});
  api.Do(txn);
  for (int i = 0; i < 30; ++i) *txn.add_success() = PutOp(api, "o" + std::to_string(i), "");
  api.Refused(txn, Code::kInvalidArgument, kTooManyOps);
}

BEHAVIOUR("store/txn/refuses-two-puts-of-one-key") {
  Api api(t);
  api.Refused(Then({PutOp(api, "a", "1"), PutOp(api, "a", "2")}), Code::kInvalidArgument, kDuplicateKey);
  t.Expect(!api.Get("a"), "nothing was put");
}

BEHAVIOUR("store/txn/refuses-a-put-in-a-deleted-range") {
  Api api(t);
  api.Refused(Then({PutOp(api, "b", "1"), DeleteOp(api, "a", "c")}), Code::kInvalidArgument, kDuplicateKey);
  api.Refused(Then({DeleteOp(api, "b"), PutOp(api, "b", "1")}), Code::kInvalidArgument, kDuplicateKey);
  api.Do(Then({PutOp(api, "c", "1"), DeleteOp(api, "a", "c")}));
}

BEHAVIOUR("store/txn/deletions-may-overlap") {
  Api api(t);
  for (const char* name : {"a", "b", "c"}) api.Put(name, name);
  const pb::TxnResponse answer = api.Do(Then({DeleteOp(api, "a", "c"), DeleteOp(api, "b", "d")}));
  t.ExpectEq(answer.responses(0).response_delete_range().deleted(), 2, "deleted by the first");
  t.ExpectEq(answer.responses(1).response_delete_range().deleted(), 1, "deleted by the second");
}

BEHAVIOUR("store/txn/branches-may-put-the-same-key") {
  Api api(t);
  pb::TxnRequest txn = Then({PutOp(api, "a", "then")});
  *txn.add_failure() = PutOp(api, "a", "else");
  *txn.add_compare() = api.VersionIs("a", 3);
  t.Expect(!api.Do(txn).succeeded(), "the compare does not hold");
  t.ExpectEq(api.Value("a"), "else", "value");
}

BEHAVIOUR("store/txn/refuses-duplicates-across-nesting") {
  Api api(t);
  const pb::TxnRequest inner = Then({PutOp(api, "a", "inner")});
  api.Refused(Then({PutOp(api, "a", "outer"), Nested(inner)}), Code::kInvalidArgument, kDuplicateKey);
  api.Refused(Then({Nested(inner), DeleteOp(api, "a", "b")}), Code::kInvalidArgument, kDuplicateKey);
  api.Refused(Then({Nested(inner), Nested(inner)}), Code::kInvalidArgument, kDuplicateKey);
  t.Expect(!api.Get("a"), "nothing was put");
}

BEHAVIOUR("store/txn/refuses-an-empty-operation") {
  Api api(t);
  api.Refused(Then({pb::RequestOp()}), Code::kInvalidArgument, kKeyNotFound);
}

BEHAVIOUR("store/txn/its-parts-need-keys") {
  Api api(t);
  pb::RequestOp put;
  put.mutable_request_put();
  api.Refused(Then({put}), Code::kInvalidArgument, kEmptyKey);
  pb::RequestOp erase;
  erase.mutable_request_delete_range();
  api.Refused(Then({erase}), Code::kInvalidArgument, kEmptyKey);
  pb::RequestOp range;
  range.mutable_request_range();
  api.Refused(Then({range}), Code::kInvalidArgument, kEmptyKey);
  pb::TxnRequest comparing;
  comparing.add_compare();
  api.Refused(comparing, Code::kInvalidArgument, kEmptyKey);
}

BEHAVIOUR("store/txn/a-future-read-undoes-nothing-and-does-nothing") {
  Api api(t);
  pb::RequestOp future = RangeOp(api, "a");
  future.mutable_request_range()->set_revision(api.Revision() + 1000000);
  api.Refused(Then({PutOp(api, "a", "1"), future}), Code::kOutOfRange, kFutureText);
  t.Expect(!api.Get("a"), "the put before it was not done");
}

BEHAVIOUR("store/txn/a-compacted-read-does-nothing") {
  Api api(t);
  const int64_t first = api.Put("a", "1");
  pb::CompactionRequest compaction;
  compaction.set_revision(api.Put("a", "2"));
  api.Do(compaction);
  pb::RequestOp old = RangeOp(api, "a");
  old.mutable_request_range()->set_revision(first);
  api.Refused(Then({PutOp(api, "b", "1"), old}), Code::kOutOfRange, kCompactedText);
  t.Expect(!api.Get("b"), "the put before it was not done");
}

BEHAVIOUR("store/txn/reads-old-revisions") {
  Api api(t);
  const int64_t first = api.Put("a", "1");
  api.Put("a", "2");
  pb::RequestOp old = RangeOp(api, "a");
  old.mutable_request_range()->set_revision(first);
  const pb::TxnResponse answer = api.Do(Then({old, RangeOp(api, "a")}));
  t.ExpectEq(answer.responses(0).response_range().kvs(0).value(), "1", "the old value");
  t.ExpectEq(answer.responses(1).response_range().kvs(0).value(), "2", "the value now");
}

BEHAVIOUR("store/txn/a-failing-operation-does-nothing") {
  Api api(t);
  api.Put("a", "1");
  pb::RequestOp missing = PutOp(api, "none", "");
  missing.mutable_request_put()->set_ignore_value(true);
  api.Refused(Then({PutOp(api, "a", "2"), missing}), Code::kInvalidArgument, kKeyNotFound);
  t.ExpectEq(api.Value("a"), "1", "the put before it was not done");
}

BEHAVIOUR("store/txn/only-the-branch-taken-can-fail") {
  Api api(t);
  pb::RequestOp missing = PutOp(api, "none", "");
  missing.mutable_request_put()->set_ignore_value(true);
  pb::TxnRequest txn = Then({PutOp(api, "a", "1")});
  *txn.add_failure() = missing;
  t.Expect(api.Do(txn).succeeded(), "what is not run does not fail");
  t.ExpectEq(api.Value("a"), "1", "value");
}

BEHAVIOUR("store/txn/tells-former-pairs") {
  Api api(t);
  api.Put("a", "1");
  api.Put("b", "1");
  pb::RequestOp put = PutOp(api, "a", "2");
  put.mutable_request_put()->set_prev_kv(true);
  pb::RequestOp erase = DeleteOp(api, "b");
  erase.mutable_request_delete_range()->set_prev_kv(true);
  const pb::TxnResponse answer = api.Do(Then({put, erase}));
  t.ExpectEq(answer.responses(0).response_put().prev_kv().value(), "1", "of the put");
  t.ExpectEq(answer.responses(1).response_delete_range().prev_kvs(0).value(), "1", "of the deletion");
}

}  // namespace kp::conformance
