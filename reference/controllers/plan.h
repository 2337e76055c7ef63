// What a controller decides: writes to make, events to tell, when to look again. Data, so that tests can
// compare it and the runner alone has effects.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reference/client/kube.h"

namespace kp::controllers {

// Something to tell about an object. "{name}" in the message of a write's event stands for the name that
// the server gave the written object.
struct EventNote {
  api::Value regarding;
  std::string type;  // "Normal", "Warning"
  std::string reason;
  std::string message;
};

struct Write {
  enum class Verb : unsigned char { kCreate, kUpdate, kPatch, kDelete };
  Verb verb = Verb::kCreate;
  client::ObjectRef ref;
  api::Value body;  // object or patch
  client::PatchType patch_type = client::PatchType::kMerge;
  client::DeleteOptions delete_options;
  std::optional<EventNote> event;  // told when the write was carried out

  static Write Create(client::ObjectRef ref, api::Value object) {
    return {Verb::kCreate, std::move(ref), std::move(object), {}, {}, {}};
  }
  static Write Update(client::ObjectRef ref, api::Value object) {
    return {Verb::kUpdate, std::move(ref), std::move(object), {}, {}, {}};
  }
  static Write Patch(client::ObjectRef ref, client::PatchType type, api::Value patch) {
    return {Verb::kPatch, std::move(ref), std::move(patch), type, {}, {}};
  }
  static Write Delete(client::ObjectRef ref, client::DeleteOptions options) {
    return {Verb::kDelete, std::move(ref), {}, {}, std::move(options), {}};
  }
};

// An object that must not exist (any more) for the plan to be right. Asked of the server itself, since a
// local copy may lag behind.
struct Absent {
  client::ObjectRef ref;
  std::string uid;  // one of another uid counts as absent; "": any counts as present
  // With a collection as `ref`: nothing in it may name this owner, or when `blocking`, as one that it blocks.
  std::string owner = {};
  bool blocking = false;
};

struct Plan {
  // When one of these exists after all, nothing is written and the key is looked at again later.
  std::vector<Absent> absent;
  // Creates are sent in growing batches (1, 2, 4, ...) that stop at the first failure; all other writes
  // at once, after the creates.
  std::vector<Write> writes;
  std::vector<EventNote> events;
  std::optional<Duration> requeue_after;

  void Tell(const api::Value& regarding, std::string type, std::string reason, std::string message) {
    events.push_back({regarding, std::move(type), std::move(reason), std::move(message)});
  }
  bool empty() const { return writes.empty() && events.empty(); }
};

}  // namespace kp::controllers
