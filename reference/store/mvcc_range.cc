#include "reference/store/mvcc_range.h"

#include <functional>

#include "reference/base/mutant.h"
#include "reference/store/errors.h"

namespace kp::store {
namespace {

bool InBounds(int64_t value, int64_t min, int64_t max) {
  if (KP_MUTANT("store-filters-leave-their-bounds-out")) return (min == 0 || value > min) && (max == 0 || value < max);
  return (min == 0 || value >= min) && (max == 0 || value <= max);
}

using Less = std::function<bool(const KeyValuePtr&, const KeyValuePtr&)>;

Less LessBy(RangeRequest::Target target) {
  if (KP_MUTANT("store-sorts-by-key-always")) target = RangeRequest::Target::kKey;
  switch (target) {
    case RangeRequest::Target::kKey: return [](const auto& a, const auto& b) { return a->key < b->key; };
    case RangeRequest::Target::kVersion: return [](const auto& a, const auto& b) { return a->version < b->version; };
    case RangeRequest::Target::kCreate:
      return [](const auto& a, const auto& b) { return a->create_revision < b->create_revision; };
    case RangeRequest::Target::kMod:
      return [](const auto& a, const auto& b) { return a->mod_revision < b->mod_revision; };
    case RangeRequest::Target::kValue: return [](const auto& a, const auto& b) { return a->value < b->value; };
  }
  UNREACHABLE();
  return {};
}

bool Descends(const RangeRequest& request) {
  return request.order == RangeRequest::Order::kDescend && !KP_MUTANT("store-never-descends");
}

void Sort(const RangeRequest& request, std::vector<KeyValuePtr>& kvs) {
  const Less less = LessBy(request.target);
  if (Descends(request)) {
    std::stable_sort(kvs.begin(), kvs.end(), [&](const auto& a, const auto& b) { return less(b, a); });
  } else {
    std::stable_sort(kvs.begin(), kvs.end(), less);
  }
}

}  // namespace

const KeyValuePtr* Mvcc::Latest(std::string_view key) const {
  auto entry = index_.find(key);
  return entry == index_.end() ? nullptr : VersionAt(entry->second, revision_ + 1);
}

// Revision 0 and below mean the latest. The compaction revision itself is readable.
Status Mvcc::CheckRevision(Revision revision) const {
  if (revision < 0 && KP_MUTANT("store-refuses-revisions-below-zero")) return ErrorCompacted();
  if (revision <= 0) return {};
  if (revision == compacted_ && KP_MUTANT("store-compacted-revision-is-gone")) return ErrorCompacted();
  if (revision > revision_ && !KP_MUTANT("store-reads-the-future")) return ErrorFutureRevision();
  if (revision < compacted_ && !KP_MUTANT("store-forgets-what-it-compacted")) return ErrorCompacted();
  return {};
}

Result<RangeResponse> Mvcc::Range(const RangeRequest& request) const {
  if (Status status = CheckRevision(request.revision); !status.ok()) return status;
  return DoRange(request);
}

// Filters come after the count, sorting after the filters, the limit last; `more` tells of the limit only.
RangeResponse Mvcc::DoRange(const RangeRequest& request) const {
  RangeResponse response;
  response.revision = revision_;
  response.keys_only = request.keys_only;
  // Inside a transaction the latest includes its own changes, which carry revision_ + 1.
  const bool old = request.revision > 0 && !KP_MUTANT("store-reads-the-latest-only");
  const Revision now = KP_MUTANT("store-txn-reads-the-state-before") ? revision_ : revision_ + 1;
  const Revision at = old ? request.revision : now;
  const bool sorted = request.order == RangeRequest::Order::kDescend || request.target != RangeRequest::Target::kKey;
  const bool filtered = request.min_mod_revision != 0 || request.max_mod_revision != 0 ||
                        request.min_create_revision != 0 || request.max_create_revision != 0;
  int64_t limit = std::max<int64_t>(request.limit, 0);
  if (limit == 0 && KP_MUTANT("store-limit-zero-is-ten")) limit = 10;
  const bool all = limit == 0 || filtered || (sorted && !KP_MUTANT("store-limits-before-it-sorts"));
  const size_t fetch = all ? SIZE_MAX : static_cast<size_t>(limit) + 1;
  KeyRange range = KeyRange::From(request.key, request.range_end);
  if (!request.range_end.empty() && KP_MUTANT("store-range-includes-its-end")) range.end.push_back('\0');
  ForRange(range, at, [&](const KeyValuePtr& kv) {
    ++response.count;
    if (request.count_only || response.kvs.size() >= fetch) return;
    if (InBounds(kv->mod_revision, request.min_mod_revision, request.max_mod_revision) &&
        InBounds(kv->create_revision, request.min_create_revision, request.max_create_revision)) {
      response.kvs.push_back(kv);
    }
  });
  if (KP_MUTANT("store-counts-after-filters") && filtered) response.count = static_cast<int64_t>(response.kvs.size());
  if (sorted) Sort(request, response.kvs);
  if (!sorted && KP_MUTANT("store-comes-in-any-order")) std::reverse(response.kvs.begin(), response.kvs.end());
  if (request.keys_only && KP_MUTANT("store-keys-only-tells-names-only")) {
    for (KeyValuePtr& kv : response.kvs) kv = std::make_shared<const KeyValue>(KeyValue{.key = kv->key, .version = 1});
  }
  if (limit > 0 && response.kvs.size() > static_cast<size_t>(limit)) {
    response.kvs.resize(static_cast<size_t>(limit));
    response.more = true;
  }
  return response;
}

}  // namespace kp::store
