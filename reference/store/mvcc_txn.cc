#include <algorithm>

#include "reference/base/check.h"
#include "reference/base/mutant.h"
#include "reference/store/errors.h"
#include "reference/store/mvcc_range.h"
#include "reference/store/mvcc_writer.h"

namespace kp::store {
namespace {

using TxnPtr = std::shared_ptr<const TxnRequest>;

int Sign(int64_t a, int64_t b) { return a < b ? -1 : a > b ? 1 : 0; }

int CompareTo(const KeyValue& kv, const Compare& compare) {
  switch (compare.target) {
    case Compare::Target::kVersion: return Sign(kv.version, compare.number);
    case Compare::Target::kCreate: return Sign(kv.create_revision, compare.number);
    case Compare::Target::kMod:
      // 0 asks whether the key is there at all.
      if (compare.number != 0 && kv.mod_revision != 0 && KP_MUTANT("store-compares-no-revision")) return 0;
      return Sign(kv.mod_revision, compare.number);
    case Compare::Target::kLease: return Sign(kv.lease, compare.number);
    case Compare::Target::kValue: return kv.value.compare(compare.value);
  }
  return 0;  // etcd takes an unknown target for an equal one
}

bool Satisfies(const KeyValue& kv, const Compare& compare) {
  const int order = CompareTo(kv, compare);
  switch (compare.result) {
    case Compare::Result::kEqual: return order == 0;
    case Compare::Result::kNotEqual: return order != 0;
    case Compare::Result::kGreater: return KP_MUTANT("store-greater-means-not-less") ? order >= 0 : order > 0;
    case Compare::Result::kLess: return order < 0;
  }
  return true;  // as etcd
}

}  // namespace

// A missing key compares as zeros, but never by value. A range must hold for each of its keys.
bool Mvcc::Holds(const Compare& compare) const {
  bool any = false;
  bool all = true;
  ForRange(KeyRange::From(compare.key, compare.range_end), revision_ + 1, [&](const KeyValuePtr& kv) {
    any = true;
    all = KP_MUTANT("store-compare-needs-one-key") ? Satisfies(*kv, compare) : all && Satisfies(*kv, compare);
  });
  if (any) return all;
  const bool valued = compare.target == Compare::Target::kValue && !KP_MUTANT("store-missing-value-is-empty");
  return !valued && Satisfies(KeyValue(), compare);
}

// Which branch each transaction of the tree takes, in the order they are met. Compares of nested ones see
// the state before the whole, as in etcd.
void Mvcc::ChoosePath(const TxnRequest& txn, Path& path) const {
  const auto holds = [this](const Compare& compare) { return Holds(compare); };
  const bool any = std::any_of(txn.compares.begin(), txn.compares.end(), holds);
  const bool succeeded =
      KP_MUTANT("store-txn-one-compare-is-enough")
          ? any
          : KP_MUTANT("store-txn-ignores-compares") || std::all_of(txn.compares.begin(), txn.compares.end(), holds);
  path.push_back(succeeded);
  for (const RequestOp& op : succeeded ? txn.success : txn.failure) {
    if (const auto* child = std::get_if<TxnPtr>(&op)) ChoosePath(**child, path);
  }
}

// All that may still fail is refused before anything is changed, on the path that will be taken.
Status Mvcc::CheckPath(const TxnRequest& txn, const Path& path, size_t& step) const {
  for (const RequestOp& op : path[step++] ? txn.success : txn.failure) {
    Status status;
    if (const auto* put = std::get_if<PutRequest>(&op)) status = CheckPut(*put);
    if (const auto* range = std::get_if<RangeRequest>(&op)) {
      if (!KP_MUTANT("store-txn-reads-any-revision")) status = CheckRevision(range->revision);
    }
    if (const auto* child = std::get_if<TxnPtr>(&op)) status = CheckPath(**child, path, step);
    if (!status.ok()) return status;
  }
  return {};
}

TxnResponse Mvcc::RunTxn(const TxnRequest& txn, const Path& path, size_t& step, Writer* writer) const {
  const auto visible = [&] { return writer != nullptr ? writer->visible() : revision_; };
  TxnResponse response;
  response.succeeded = path[step++];
  for (const RequestOp& op : response.succeeded ? txn.success : txn.failure) {
    if (const auto* range = std::get_if<RangeRequest>(&op)) {
      RangeResponse found = DoRange(*range);
      found.revision = visible();
      response.responses.emplace_back(std::move(found));
    } else if (const auto* child = std::get_if<TxnPtr>(&op)) {
      const bool skips = KP_MUTANT("store-txn-skips-nested-ones");
      response.responses.emplace_back(std::make_shared<const TxnResponse>(
          skips ? TxnResponse{visible(), path[step++], {}} : RunTxn(**child, path, step, writer)));
    } else if (const auto* put = std::get_if<PutRequest>(&op)) {
      response.responses.emplace_back(writer->Put(*put));
    } else {
      response.responses.emplace_back(writer->DeleteRange(std::get<DeleteRangeRequest>(op)));
    }
  }
  response.revision = visible();
  return response;
}

Result<Response> Mvcc::ApplyOne(const TxnRequest& request) {
  Path path;
  ChoosePath(request, path);
  size_t step = 0;
  Status status = CheckPath(request, path, step);
  if (status.ok() && KP_MUTANT("store-txn-checks-both-branches")) {
    Path other{!path[0]};
    other.resize(path.size() + request.failure.size() + request.success.size());
    status = CheckPath(request, other, step = 0);
  }
  if (!status.ok() && KP_MUTANT("store-txn-keeps-what-was-done")) {
    if (const auto* put = std::get_if<PutRequest>(&request.success.at(0))) Writer(*this).Put(*put);
  }
  if (!status.ok()) return status;
  Writer writer(*this);
  return Response(RunTxn(request, path, step = 0, &writer));
}

Result<TxnResponse> Mvcc::ReadOnlyTxn(const TxnRequest& txn) const {
  Path path;
  ChoosePath(txn, path);
  size_t step = 0;
  if (Status status = CheckPath(txn, path, step); !status.ok()) return status;
  return RunTxn(txn, path, step = 0, nullptr);
}

}  // namespace kp::store
