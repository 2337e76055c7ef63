#include "reference/store/mvcc.h"

#include <algorithm>
#include <utility>

#include "reference/base/check.h"
#include "reference/base/mutant.h"
#include "reference/store/errors.h"
#include "reference/store/mvcc_range.h"
#include "reference/store/mvcc_writer.h"

namespace kp::store {

Result<Response> Mvcc::Apply(const Command& command) {
  return std::visit([this](const auto& request) { return ApplyOne(request); }, command);
}

Result<Response> Mvcc::Apply(Command&& command) {
  auto* put = std::get_if<PutRequest>(&command);
  if (put == nullptr) return Apply(std::as_const(command));
  if (Status status = CheckPut(*put); !status.ok()) return status;
  return Response(Writer(*this).Put(std::move(*put)));
}

// ---- writing ----

void Mvcc::Writer::Detach(const KeyValue& kv) {
  if (kv.lease == 0) return;
  if (auto lease = store_.leases_.find(kv.lease); lease != store_.leases_.end()) lease->second.keys.erase(kv.key);
}

void Mvcc::Writer::Add(History& history, std::shared_ptr<KeyValue> kv) {
  kv->mod_revision = revision_;
  kv->sub = changes_++;
  KeyValuePtr previous;
  if (!history.empty() && !history.back()->tombstone()) {
    previous = history.back();
    store_.live_bytes_ -= Cost(*previous);
  }
  store_.size_bytes_ += Cost(*kv);
  if (!kv->tombstone()) store_.live_bytes_ += Cost(*kv);
  history.push_back(kv);
  store_.events_.push_back({std::move(kv), std::move(previous)});
}

PutResponse Mvcc::Writer::Put(PutRequest request) {
  auto [entry, added] = store_.index_.try_emplace(request.key);
  History& history = entry->second;
  const KeyValuePtr old = history.empty() || history.back()->tombstone() ? nullptr : history.back();

  auto kv = std::make_shared<KeyValue>();
  kv->key = std::move(request.key);
  kv->value =
      request.ignore_value && !KP_MUTANT("store-ignore-value-empties-it") ? old->value : std::move(request.value);
  kv->lease = request.ignore_lease && !KP_MUTANT("store-ignore-lease-detaches-it") ? old->lease : request.lease;
  if (KP_MUTANT("store-values-end-at-a-zero")) kv->value = kv->value.substr(0, kv->value.find('\0'));
  kv->create_revision = old ? old->create_revision : revision_;
  kv->version = old ? old->version + 1 : 1;
  if (KP_MUTANT("store-version-never-restarts")) kv->version = static_cast<int64_t>(history.size()) + 1;
  // A put without a lease detaches the former one.
  if (old && KP_MUTANT("store-put-keeps-the-lease")) kv->lease = old->lease;
  if (old) Detach(*old);
  if (kv->lease != 0) store_.leases_.at(kv->lease).keys.insert(kv->key);
  const bool tells = request.prev_kv && !KP_MUTANT("store-put-hides-the-former-pair");
  const KeyValuePtr former = history.empty() || !KP_MUTANT("store-put-tells-deleted-pairs") ? old : history.back();
  Add(history, std::move(kv));
  return {revision_, tells ? former : nullptr};
}

void Mvcc::Writer::Delete(const std::string& key) {
  auto entry = store_.index_.find(key);
  CHECK(entry != store_.index_.end() && !entry->second.back()->tombstone()) << "no such key to delete";
  if (!KP_MUTANT("store-deleted-keys-stay-attached")) Detach(*entry->second.back());
  auto kv = std::make_shared<KeyValue>();
  kv->key = key;
  Add(entry->second, std::move(kv));
}

DeleteRangeResponse Mvcc::Writer::DeleteRange(const DeleteRangeRequest& request) {
  std::vector<KeyValuePtr> found;
  store_.ForRange(KeyRange::From(request.key, request.range_end), revision_,
                  [&](const KeyValuePtr& kv) { found.push_back(kv); });
  for (const KeyValuePtr& kv : found) Delete(kv->key);
  if (found.empty() && request.range_end.empty() && KP_MUTANT("store-deletes-what-is-not-there")) {
    Put({.key = request.key});
  }
  DeleteRangeResponse response{visible(), static_cast<int64_t>(found.size()), {}};
  if (KP_MUTANT("store-delete-counts-to-one")) response.deleted = std::min<int64_t>(response.deleted, 1);
  if (KP_MUTANT("store-delete-hides-former-pairs")) return response;
  if (request.prev_kv) response.previous = std::move(found);
  return response;
}

Status Mvcc::CheckPut(const PutRequest& put) const {
  if ((put.ignore_value || put.ignore_lease) && Latest(put.key) == nullptr) {
    return KP_MUTANT("store-ignoring-lacks-a-key") ? ErrorEmptyKey() : ErrorKeyNotFound();
  }
  if (put.lease != 0 && leases_.count(put.lease) == 0) {
    return KP_MUTANT("store-takes-any-lease") ? ErrorKeyNotFound() : ErrorLeaseNotFound();
  }
  return {};
}

Result<Response> Mvcc::ApplyOne(const PutRequest& request) {
  if (Status status = CheckPut(request); !status.ok()) return status;
  return Response(Writer(*this).Put(request));
}

Result<Response> Mvcc::ApplyOne(const DeleteRangeRequest& request) {
  return Response(Writer(*this).DeleteRange(request));
}

// ---- leases and alarms ----

Result<Response> Mvcc::ApplyOne(const LeaseGrantRequest& request) {
  if (request.id == 0) return ErrorLeaseNotFound();
  if (request.ttl > 9'000'000'000 && !KP_MUTANT("lease-takes-any-time")) return ErrorLeaseTtlTooLarge();
  if (!leases_.try_emplace(request.id, LeaseRecord{request.ttl, {}}).second) {
    if (!KP_MUTANT("lease-of-an-id-in-use-is-replaced")) return ErrorLeaseExists();
    leases_[request.id].ttl = request.ttl;
  }
  return Response(LeaseGrantResponse{revision_, request.id, request.ttl});
}

Result<Response> Mvcc::ApplyOne(const LeaseRevokeRequest& request) {
  auto lease = leases_.find(request.id);
  if (lease == leases_.end()) {
    return KP_MUTANT("lease-revoke-needs-none") ? Result<Response>(PlainResponse{revision_}) : ErrorLeaseNotFound();
  }
  {
    // All attached keys go in one revision, in key order.
    Writer writer(*this);
    const std::set<std::string> keys = lease->second.keys;
    if (KP_MUTANT("lease-revoke-goes-backwards")) {
      for (auto key = keys.rbegin(); key != keys.rend(); ++key) writer.Delete(*key);
    } else if (KP_MUTANT("lease-revoke-keeps-the-keys")) {
      for (const std::string& key : keys) writer.Put({.key = key});
    } else {
      for (const std::string& key : keys) writer.Delete(key);
    }
  }
  leases_.erase(request.id);
  return Response(PlainResponse{revision_});
}

Result<Response> Mvcc::ApplyOne(const AlarmRequest& request) {
  AlarmResponse response{revision_, {}};
  const AlarmMember alarm{request.member, request.alarm};
  if (request.action == AlarmRequest::Action::kActivate && request.alarm != AlarmType::kNone) alarms_.insert(alarm);
  if (request.action == AlarmRequest::Action::kDeactivate && !KP_MUTANT("alarm-stays-raised")) alarms_.erase(alarm);
  if (request.action == AlarmRequest::Action::kGet) {
    for (const AlarmMember& member : alarms_) {
      if (request.alarm == AlarmType::kNone || member.alarm == request.alarm) response.alarms.push_back(member);
    }
  } else {
    response.alarms.push_back(alarm);
  }
  return Response(std::move(response));
}

bool Mvcc::HasAlarm(AlarmType type) const {
  return std::any_of(alarms_.begin(), alarms_.end(), [type](const AlarmMember& a) { return a.alarm == type; });
}

// ---- compaction ----

Result<Response> Mvcc::ApplyOne(const CompactRequest& request) {
  if (request.revision == compacted_ && KP_MUTANT("store-compacts-twice")) return Response(PlainResponse{revision_});
  if (request.revision <= compacted_) return ErrorCompacted();
  if (request.revision > revision_) return ErrorFutureRevision();
  compacted_ = request.revision;
  DropEventsBelow(compacted_);
  if (KP_MUTANT("store-compaction-is-a-revision")) ++revision_;
  return Response(PlainResponse{revision_});
}

// A watch may start at the compaction revision itself, so its events stay, a tombstone among them
// (etcd-io/etcd#18089). Only keys changed since the last compaction can hold versions to drop, so the
// work is in proportion to the events dropped.
void Mvcc::DropEventsBelow(Revision revision) {
  const size_t keep = EventsFrom(KP_MUTANT("store-drop-watch-event-at-compaction") ? revision + 1 : revision);
  const size_t touched = EventsFrom(revision + 1);
  std::set<std::string> keys;
  for (size_t i = 0; i < touched; ++i) keys.insert(events_[i].kv->key);
  events_.erase(events_.begin(), events_.begin() + static_cast<std::ptrdiff_t>(keep));
  if (KP_MUTANT("store-forgets-the-deletion-it-compacts-at")) {
    while (!events_.empty() && events_.front().revision() == revision && events_.front().is_delete()) {
      events_.pop_front();
    }
  }
  // The pair before an event at the compaction revision is compacted away.
  for (Event& event : events_) {
    if (event.revision() > revision || KP_MUTANT("store-keeps-compacted-former-pairs")) break;
    event.previous = nullptr;
  }
  for (const std::string& key : keys) TrimHistory(key, revision);
}

void Mvcc::TrimHistory(const std::string& key, Revision revision) {
  auto entry = index_.find(key);
  if (entry == index_.end()) return;
  History& history = entry->second;
  auto first = std::upper_bound(history.begin(), history.end(), revision,
                                [](Revision r, const KeyValuePtr& kv) { return r < kv->mod_revision; });
  if (first == history.begin()) return;
  --first;  // the newest version at or before the compaction
  if (KP_MUTANT("store-compaction-drops-the-newest") && first + 1 != history.end()) ++first;
  if ((*first)->tombstone() && (*first)->mod_revision != revision) ++first;
  for (auto gone = history.begin(); gone != first; ++gone) size_bytes_ -= Cost(**gone);
  history.erase(history.begin(), first);
  if (history.empty()) index_.erase(entry);
}

size_t Mvcc::EventsFrom(Revision from) const {
  auto found = std::lower_bound(events_.begin(), events_.end(), from,
                                [](const Event& event, Revision r) { return event.revision() < r; });
  return static_cast<size_t>(found - events_.begin());
}

void Mvcc::CheckInvariants() const {
  int64_t size = 0;
  int64_t live = 0;
  for (const auto& [key, history] : index_) {
    CHECK(!history.empty()) << key;
    for (size_t i = 0; i < history.size(); ++i) {
      CHECK(history[i]->key == key && history[i]->mod_revision <= revision_);
      CHECK(i == 0 || history[i - 1]->mod_revision < history[i]->mod_revision) << key << " changed twice in a revision";
      size += Cost(*history[i]);
    }
    const KeyValue& latest = *history.back();
    if (latest.tombstone()) continue;
    live += Cost(latest);
    if (latest.lease != 0) CHECK(leases_.at(latest.lease).keys.count(key) == 1) << key << " is not attached";
  }
  CHECK_EQ(size, size_bytes_);
  CHECK_EQ(live, live_bytes_);
  for (const auto& [id, lease] : leases_) {
    for (const std::string& key : lease.keys) {
      const KeyValuePtr* kv = Latest(key);
      CHECK(kv != nullptr && (*kv)->lease == id) << key << " is attached to lease " << id << " but does not say so";
    }
  }
  for (size_t i = 1; i < events_.size(); ++i) CHECK_LE(events_[i - 1].revision(), events_[i].revision());
  CHECK(events_.empty() || (events_.front().revision() >= compacted_ && events_.back().revision() <= revision_));
}

}  // namespace kp::store
