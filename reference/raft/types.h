// The nouns of Raft: terms, log entries, what must survive a crash.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "reference/raft/configuration.h"

namespace kp::raft {

using Index = uint64_t;  // position in the log, from 1; 0: before the first entry
using Term = uint64_t;   // 0: before the first election

// Bytes shared by the log, the messages that carry them and the state machine; never changed.
using Buffer = std::shared_ptr<const std::string>;

inline Buffer MakeBuffer(std::string bytes) { return std::make_shared<const std::string>(std::move(bytes)); }

enum class EntryType : uint8_t {
  kNormal = 0,         // data of the state machine; empty: the no-op that begins a term
  kConfiguration = 1,  // an encoded ConfigurationChange
};

struct Entry {
  Term term = 0;
  Index index = 0;
  EntryType type = EntryType::kNormal;
  Buffer data;  // may be null: no bytes

  std::string_view bytes() const { return data ? std::string_view(*data) : std::string_view(); }
  size_t size() const { return bytes().size(); }
  bool operator==(const Entry& other) const {
    return term == other.term && index == other.index && type == other.type && bytes() == other.bytes();
  }
};

// Durable before any promise that rests on it leaves the member.
struct HardState {
  Term term = 0;
  NodeId vote = kNoNode;
  Index commit = 0;  // a hint that shortens recovery; may lag

  bool operator==(const HardState&) const = default;
};

enum class Role : uint8_t { kFollower, kPreCandidate, kCandidate, kLeader };
std::string_view RoleName(Role role);

// Not durable; for the member and for people.
struct SoftState {
  NodeId leader = kNoNode;
  Role role = Role::kFollower;

  bool operator==(const SoftState&) const = default;
};

struct SnapshotMeta {
  Index index = 0;  // the last entry that the snapshot holds
  Term term = 0;
  Configuration configuration;  // as of `index`

  bool operator==(const SnapshotMeta&) const = default;
};

struct Snapshot {
  SnapshotMeta meta;
  Buffer data;

  bool operator==(const Snapshot& other) const {
    return meta == other.meta &&
           (data ? std::string_view(*data) : "") == (other.data ? std::string_view(*other.data) : "");
  }
};

}  // namespace kp::raft
