// All watchers of one member. Each has a cursor into the store's one event log: those that have seen
// everything ("synced") share the hub's, the others catch up on their own. A watcher whose stream is full
// waits where it is; if compaction overtakes it, it is told so and ends. Events are never skipped.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "reference/base/time.h"
#include "reference/store/mvcc.h"
#include "reference/store/watch_messages.h"

namespace kp::store {

// Where a stream's replies go.
class WatchSink {
 public:
  virtual ~WatchSink() = default;
  // Must not call the hub, but for Close.
  virtual void OnReply(const WatchReply& reply) = 0;
  // False: too much is waiting to be sent; try later.
  virtual bool Ready() const = 0;
};

struct WatchHubOptions {
  Duration progress_interval = 10min;  // of watchers with progress_notify; up to a tenth is added
  size_t catch_up_events = 1000;       // of one watcher in one turn, then rounded up to a whole revision
  size_t turn_events = 20000;          // looked at for all of them in one turn
};

class WatchHub {
 public:
  using StreamId = uint64_t;

  WatchHub(const Mvcc& store, WatchHubOptions options);

  StreamId Open(WatchSink* sink);
  void Close(StreamId stream);
  void Handle(StreamId stream, const WatchRequest& request, Time now);

  enum class Outcome : uint8_t {
    kIdle,     // everybody has everything
    kMore,     // call again at the next turn
    kBlocked,  // only full streams have something left; call again in a while
  };
  // Sends what there is to send. After every change of the store, and as the outcome says.
  Outcome Pump(Time now);

  // The store was replaced as a whole: its events are another's.
  void OnStoreReplaced();

  // When Pump has progress notices to send.
  std::optional<Time> NextProgress() const;

  size_t streams() const { return streams_.size(); }
  size_t watchers() const { return watchers_.size(); }
  size_t unsynced() const { return unsynced_.size(); }
  uint64_t sent_events() const { return sent_events_; }

  void CheckInvariants() const;

 private:
  using Serial = uint64_t;
  struct Stream;
  struct Watcher {
    StreamId stream = 0;
    WatchId id = 0;
    KeyRange range;
    bool single = false;
    Revision next = 0;  // the first revision not yet looked at; of a synced one: its start
    bool no_put = false;
    bool no_delete = false;
    bool prev_kv = false;
    bool fragment = false;
    bool progress_notify = false;
    Time progress_due{};
    Stream* home = nullptr;

    bool Wants(const Event& event) const {
      return event.revision() >= next && !(event.is_delete() ? no_delete : no_put);
    }
  };
  struct Stream {
    WatchSink* sink = nullptr;  // null: closed in the middle of Pump or Handle
    std::map<WatchId, Serial> watchers;
    size_t progress_requests = 0;
    WatchId next_id = 0;
  };

  void RemoveClosed();
  void Create(StreamId id, const WatchCreate& create, Time now);
  void Cancel(StreamId id, WatchId watch);
  void Remove(Serial serial);
  void MarkSynced(Serial serial, Watcher& watcher);
  void MarkUnsynced(Serial serial, Watcher& watcher, Revision next);
  void Unlink(Serial serial, const Watcher& watcher);
  // Synced watchers of one range, and what of the new events lies in it, gathered and encoded once for all of them.
  using Group = std::map<Serial, Watcher*>;
  class Offer;
  void DispatchNew(Time now);
  bool CatchUp(Serial serial, Time now, size_t& budget);
  Outcome CatchUpAll(Time now);
  bool CancelIfCompacted(Serial serial);
  void Send(Serial serial, Watcher& watcher, Revision revision, EventBatchPtr batch, Time now);
  void ScheduleProgress(Serial serial, Watcher& watcher, Time now);
  void SendDueProgress(Time now);
  bool AllSynced(const Stream& stream) const;
  void AnswerProgressRequests();
  static void Reply(const Stream& stream, const WatchReply& reply) {
    if (stream.sink != nullptr) stream.sink->OnReply(reply);
  }
  bool SinkReady(const Watcher& watcher) const {
    const WatchSink* sink = watcher.home->sink;
    return sink != nullptr && sink->Ready();
  }

  const Mvcc& store_;
  const WatchHubOptions options_;
  std::map<StreamId, Stream> streams_;
  std::map<Serial, Watcher> watchers_;
  StreamId last_stream_ = 0;
  Serial last_serial_ = 0;

  Revision position_ = 0;  // synced watchers have all events up to it
  std::map<std::string, Group, std::less<>> synced_single_;
  std::map<std::pair<std::string, std::optional<std::string>>, Group> synced_ranges_;  // no end: unbounded
  std::set<Serial> unsynced_;
  Serial caught_up_last_ = 0;  // where the catching up of this turn ended
  std::set<std::pair<Time, Serial>> progress_;
  std::set<StreamId> progress_requested_;
  uint64_t sent_events_ = 0;
  bool busy_ = false;
  std::vector<StreamId> closed_meanwhile_;
};

}  // namespace kp::store
