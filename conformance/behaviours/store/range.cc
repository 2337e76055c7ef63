// Ranges: intervals, order, limits, filters and revisions.
#include "conformance/behaviours/store/api.h"

namespace kp::conformance {

namespace {

using Names = std::vector<std::string>;

// Four keys whose versions, creations, changes and values are all ordered differently: a was made second and is
// put three times, b last, c third and put twice, d first.
struct Ordered {
  explicit Ordered(Api& api) {
    created_d = api.Put("d", "3");
    created_a = api.Put("a", "9");
    created_c = api.Put("c", "9");
    changed_c = api.Put("c", "1");
    api.Put("a", "9");
    changed_a = api.Put("a", "2");
    created_b = api.Put("b", "4");
  }
  int64_t created_a, created_b, created_c, created_d, changed_a, changed_c;
};

pb::RangeRequest Sorted(const Api& api, pb::RangeRequest::SortTarget target, pb::RangeRequest::SortOrder order) {
  pb::RangeRequest request = api.AllOf();
  request.set_sort_target(target);
  request.set_sort_order(order);
  return request;
}

void ExpectNames(Api& api, const pb::RangeRequest& request, const Names& expected) {
  const Names names = NamesOf(api, api.Do(request));
  if (names == expected) return;
  std::string text;
  for (const std::string& name : names) text += name + " ";
  api.t().Fail("the keys in another order or number: " + text);
}

}  // namespace

BEHAVIOUR("store/range/from-a-key-on") {
  Api api(t);
  for (const char* name : {"a", "b", "c"}) api.Put(name, name);
  pb::RangeRequest request = api.RangeOf("b");
  request.set_range_end(std::string(1, '\0'));
  const pb::RangeResponse answer = api.Do(request);
  t.Expect(answer.kvs_size() >= 2, "at least the two keys from b on");
  t.ExpectEq(answer.kvs(0).key(), api.Key("b"), "the first key");
  t.ExpectEq(answer.kvs(1).key(), api.Key("c"), "the second key");
}

BEHAVIOUR("store/range/of-all-keys") {
  Api api(t);
  api.Put("a", "1");
  pb::RangeRequest request;
  request.set_key(std::string(1, '\0'));
  request.set_range_end(std::string(1, '\0'));
  request.set_keys_only(true);
  const pb::RangeResponse answer = api.Do(request);
  bool found = false;
  for (const mvccpb::KeyValue& kv : answer.kvs()) found |= kv.key() == api.Key("a");
  t.Expect(found, "the key is among all keys");
  t.ExpectEq(answer.count(), int64_t{answer.kvs_size()}, "count");
}

BEHAVIOUR("store/range/ascends-by-key") {
  Api api(t);
  for (const char* name : {"b", "a!", "a", "c", "aa"}) api.Put(name, name);
  ExpectNames(api, api.AllOf(), {"a", "a!", "aa", "b", "c"});
}

BEHAVIOUR("store/range/of-a-missing-key-is-empty") {
  Api api(t);
  api.Put("aa", "1");
  const pb::RangeResponse answer = api.Do(api.RangeOf("a"));
  t.Expect(answer.kvs().empty() && answer.count() == 0 && !answer.more(), "nothing, and no error");
}

BEHAVIOUR("store/range/revision-below-zero-means-now") {
  Api api(t);
  api.Put("a", "1");
  api.Put("a", "2");
  pb::RangeRequest request = api.RangeOf("a");
  request.set_revision(-1);
  t.ExpectEq(api.Do(request).kvs(0).value(), "2", "the value now");
}

BEHAVIOUR("store/range/descends-by-key") {
  Api api(t);
  for (const char* name : {"a", "c", "b"}) api.Put(name, name);
  ExpectNames(api, Sorted(api, pb::RangeRequest::KEY, pb::RangeRequest::DESCEND), {"c", "b", "a"});
}

BEHAVIOUR("store/range/sorts-by-version") {
  Api api(t);
  const Ordered keys(api);
  ExpectNames(api, Sorted(api, pb::RangeRequest::VERSION, pb::RangeRequest::ASCEND), {"b", "d", "c", "a"});
}

BEHAVIOUR("store/range/sorts-by-creation") {
  Api api(t);
  const Ordered keys(api);
  ExpectNames(api, Sorted(api, pb::RangeRequest::CREATE, pb::RangeRequest::ASCEND), {"d", "a", "c", "b"});
}

BEHAVIOUR("store/range/sorts-by-change") {
  Api api(t);
  const Ordered keys(api);
  ExpectNames(api, Sorted(api, pb::RangeRequest::MOD, pb::RangeRequest::DESCEND), {"b", "a", "c", "d"});
}

BEHAVIOUR("store/range/sorts-by-value") {
  Api api(t);
  const Ordered keys(api);
  ExpectNames(api, Sorted(api, pb::RangeRequest::VALUE, pb::RangeRequest::ASCEND), {"c", "a", "d", "b"});
}

BEHAVIOUR("store/range/a-target-alone-ascends") {
  Api api(t);
  const Ordered keys(api);
  ExpectNames(api, Sorted(api, pb::RangeRequest::CREATE, pb::RangeRequest::NONE), {"d", "a", "c", "b"});
}

BEHAVIOUR("store/range/sorts-before-it-limits") {
  Api api(t);
  const Ordered keys(api);
  pb::RangeRequest request = Sorted(api, pb::RangeRequest::CREATE, pb::RangeRequest::DESCEND);
  request.set_limit(2);
  ExpectNames(api, request, {"b", "c"});
  const pb::RangeResponse answer = api.Do(request);
  t.Expect(answer.more() && answer.count() == 4, "more, of four");
}

BEHAVIOUR("store/range/refuses-an-unknown-order") {
  Api api(t);
  pb::RangeRequest request = api.AllOf();
  request.set_sort_order(static_cast<pb::RangeRequest::SortOrder>(7));
  api.Refused(request, Code::kInvalidArgument, "etcdserver: invalid sort option");
}

BEHAVIOUR("store/range/survives-an-unknown-target") {
  Api api(t);
  api.Put("a", "1");
  pb::RangeRequest request = api.AllOf();
  request.set_sort_target(static_cast<pb::RangeRequest::SortTarget>(9));
  request.set_sort_order(pb::RangeRequest::ASCEND);
  api.Refused(request, Code::kInvalidArgument, "etcdserver: invalid sort option");
  t.ExpectEq(api.Value("a"), "1", "the value, read afterwards");
}

BEHAVIOUR("store/range/least-change-revision") {
  Api api(t);
  const Ordered keys(api);
  pb::RangeRequest request = api.AllOf();
  request.set_min_mod_revision(keys.changed_a);
  ExpectNames(api, request, {"a", "b"});
}

BEHAVIOUR("store/range/greatest-change-revision") {
  Api api(t);
  const Ordered keys(api);
  pb::RangeRequest request = api.AllOf();
  request.set_max_mod_revision(keys.changed_c);
  ExpectNames(api, request, {"c", "d"});
}

BEHAVIOUR("store/range/least-creation-revision") {
  Api api(t);
  const Ordered keys(api);
  pb::RangeRequest request = api.AllOf();
  request.set_min_create_revision(keys.created_c);
  ExpectNames(api, request, {"b", "c"});
}

BEHAVIOUR("store/range/greatest-creation-revision") {
  Api api(t);
  const Ordered keys(api);
  pb::RangeRequest request = api.AllOf();
  request.set_max_create_revision(keys.created_a);
  ExpectNames(api, request, {"a", "d"});
}

BEHAVIOUR("store/range/counts-what-filters-leave-out") {
  Api api(t);
  const Ordered keys(api);
  pb::RangeRequest request = api.AllOf();
  request.set_min_mod_revision(keys.created_b);
  const pb::RangeResponse answer = api.Do(request);
  t.ExpectEq(int64_t{answer.kvs_size()}, 1, "keys");
  t.ExpectEq(answer.count(), 4, "count");
  t.Expect(!answer.more(), "a filter makes no more");
}

BEHAVIOUR("store/range/limit-zero-is-none") {
  Api api(t);
  for (int i = 0; i < 20; ++i) api.Put("k" + std::to_string(i), "");
  const pb::RangeResponse answer = api.Do(api.AllOf());
  t.Expect(answer.kvs_size() == 20 && !answer.more(), "all keys");
}

BEHAVIOUR("store/range/serializable-reads-a-committed-state") {
  Api api(t);
  api.Put("a", "1");
  pb::RangeRequest request = api.RangeOf("a");
  request.set_serializable(true);
  int64_t before = 0;
  t.Eventually("the member that answers has the write", [&] {
    const pb::RangeResponse answer = api.Do(request);
    t.Expect(answer.header().revision() >= before, "what a member has told it does not take back");
    before = answer.header().revision();
    return answer.kvs_size() == 1 && answer.kvs(0).value() == "1";
  });
}

BEHAVIOUR("store/range/keys-only-keeps-the-rest") {
  Api api(t);
  const int64_t revision = api.Put("a", "value");
  pb::RangeRequest request = api.RangeOf("a");
  request.set_keys_only(true);
  const mvccpb::KeyValue kv = api.Do(request).kvs(0);
  t.Expect(kv.value().empty(), "no value");
  t.Expect(kv.mod_revision() == revision && kv.create_revision() == revision && kv.version() == 1, "but its numbers");
}

BEHAVIOUR("store/range/at-the-compacted-revision") {
  Api api(t);
  const int64_t first = api.Put("a", "1");
  const int64_t second = api.Put("a", "2");
  api.Put("a", "3");
  pb::CompactionRequest compaction;
  compaction.set_revision(second);
  api.Do(compaction);
  pb::RangeRequest request = api.RangeOf("a");
  request.set_revision(second);
  t.ExpectEq(api.Do(request).kvs(0).value(), "2", "the value at the compacted revision");
  request.set_revision(first);
  api.Refused(request, Code::kOutOfRange, kCompactedText);
}

// ---- answers in pieces ----

BEHAVIOUR("store/range-stream/pieces-make-the-range") {
  Api api(t);
  for (int i = 0; i < 12; ++i) api.Put("k" + std::to_string(i), std::string(100 * 1024, static_cast<char>('a' + i)));
  const pb::RangeResponse whole = api.Do(api.AllOf());
  ApiStream<pb::RangeStreamResponse> stream(api, "/etcdserverpb.KV/RangeStream");
  stream.Send(api.AllOf());
  stream.CloseSend();
  const Status end = stream.AwaitEnd();
  if (!end.ok() && t.UnderFaults()) t.Inconclusive(end.ToString());
  t.Expect(end.ok(), "the stream ends well: " + end.ToString());
  pb::RangeResponse joined;
  for (size_t i = 0; i < stream.replies().size(); ++i) {
    const pb::RangeResponse& piece = stream.replies()[i].range_response();
    const bool last = i + 1 == stream.replies().size();
    t.Expect(piece.has_header() == last, "the header comes with the last piece");
    joined.MergeFrom(piece);
  }
  t.Expect(stream.replies().size() > 1, "more than one piece");
  t.ExpectEq(joined.count(), whole.count(), "count");
  t.Expect(joined.kvs_size() == whole.kvs_size(), "the number of pairs");
  for (int i = 0; i < whole.kvs_size(); ++i) {
    t.Expect(joined.kvs(i).SerializeAsString() == whole.kvs(i).SerializeAsString(), "each pair, in order");
  }
}

BEHAVIOUR("store/range-stream/refuses-what-needs-the-whole") {
  Api api(t);
  ApiStream<pb::RangeStreamResponse> stream(api, "/etcdserverpb.KV/RangeStream");
  stream.Send(Sorted(api, pb::RangeRequest::MOD, pb::RangeRequest::DESCEND));
  const Status end = stream.AwaitEnd();
  if (end.code() == Code::kUnavailable && t.UnderFaults()) t.Inconclusive(end.ToString());
  t.Expect(end.code() == Code::kUnimplemented, "an order of its own cannot be streamed: " + end.ToString());
}

}  // namespace kp::conformance
