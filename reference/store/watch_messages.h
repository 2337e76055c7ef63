// What a watch stream says and hears.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "reference/store/kv.h"

namespace kp::store {

using WatchId = int64_t;
// Stands for no watcher: a refused creation, an answer for the whole stream.
inline constexpr WatchId kNoWatch = -1;

struct WatchCreate {
  std::string key;
  std::string range_end;
  Revision start_revision = 0;  // 0: after now
  bool progress_notify = false;
  bool no_put = false;
  bool no_delete = false;
  bool prev_kv = false;
  WatchId watch_id = 0;  // 0: the server picks
  bool fragment = false;
};
struct WatchCancel {
  WatchId watch_id = 0;
};
struct WatchProgress {};
// monostate: a union left unset, ignored as etcd does.
using WatchRequest = std::variant<std::monostate, WatchCreate, WatchCancel, WatchProgress>;

// What many watchers get alike: gathered once, and encoded once for all of them.
struct EventBatch {
  std::vector<Event> events;  // of whole revisions
  // Their wire form, without and with the pair before; made when it is first asked for.
  mutable std::shared_ptr<const std::string> encoded[2];
};
using EventBatchPtr = std::shared_ptr<const EventBatch>;
inline EventBatchPtr Batch(std::vector<Event> events) {
  return std::make_shared<const EventBatch>(EventBatch{std::move(events), {}});
}

struct WatchReply {
  WatchId watch_id = 0;
  Revision revision = 0;  // all events of the watcher up to it are with this reply or before it
  bool created = false;
  bool canceled = false;
  Revision compact_revision = 0;
  std::string cancel_reason;
  EventBatchPtr batch;   // null: none
  bool prev_kv = false;  // the encoder adds Event::previous
  bool may_fragment = false;

  const std::vector<Event>& events() const {
    static const std::vector<Event> kNone;
    return batch ? batch->events : kNone;
  }
};

}  // namespace kp::store
