// The states that single members can be in, each computed once by the real raft::Node. A state of the
// whole cluster is then a handful of numbers, and so is a step of it.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

#include "reference/raft/node_state.h"

namespace kp::properties {

inline constexpr size_t kExploredMembers = 3;

using LocalId = uint32_t;
using MessageId = uint32_t;
using LogId = uint32_t;

// New names for the members: [old] = new. Nobody (0) stays nobody.
using Permutation = std::array<uint8_t, kExploredMembers + 1>;
inline constexpr std::array<Permutation, 6> kPermutations = {
    Permutation{0, 1, 2, 3}, {0, 1, 3, 2}, {0, 2, 1, 3}, {0, 2, 3, 1}, {0, 3, 1, 2}, {0, 3, 2, 1}};

enum class EventKind : uint8_t { kDeliver, kCampaign, kPropose, kHeartbeat, kSync, kCrash };

struct Event {
  EventKind kind;
  uint32_t argument = 0;  // kDeliver: the message; kPropose: the number of the command
};

// What the laws look at.
struct Facts {
  raft::NodeId self = raft::kNoNode;
  raft::Role role = raft::Role::kFollower;
  raft::Term term = 0;
  raft::Index commit = 0;
  LogId log = 0;
  bool unsynced = false;
};

struct Outcome {
  LocalId next = 0;
  std::vector<MessageId> sent;
};

// Gives equal strings equal numbers, from 0.
class Interner {
 public:
  uint32_t Intern(std::string bytes) {
    const auto [found, is_new] = ids_.try_emplace(std::move(bytes), static_cast<uint32_t>(strings_.size()));
    if (is_new) strings_.push_back(&found->first);
    return found->second;
  }
  const std::string& At(uint32_t id) const { return *strings_[id]; }
  size_t size() const { return strings_.size(); }

 private:
  std::unordered_map<std::string, uint32_t> ids_;
  std::vector<const std::string*> strings_;  // keys do not move
};

class LocalStates {
 public:
  enum class Disk : uint8_t {
    kSynchronous,   // what is written is durable before anything else happens
    kAsynchronous,  // a write becomes durable by an event of its own, and a crash loses those before
  };
  LocalStates(raft::Options options, Disk disk);

  LocalId Initial(raft::NodeId self);
  const Outcome& Step(LocalId id, Event event);
  LocalId Renamed(LocalId id, size_t permutation);
  MessageId RenamedMessage(MessageId id, size_t permutation);

  const Facts& facts(LocalId id) const { return facts_[id]; }
  const raft::Message& message(MessageId id) const { return messages_[id]; }
  // The terms of the entries and their commands, e.g. "1:,1:a".
  const std::vector<raft::Entry>& log(LogId id) const { return logs_[id]; }
  // Up to `length`.
  LogId Prefix(LogId log, raft::Index length);

  size_t size() const { return members_.size(); }
  size_t message_count() const { return messages_.size(); }
  size_t steps() const { return outcomes_.size(); }

 private:
  struct Member;

  Member Decode(LocalId id) const;
  std::string Encode(const Member& member, const raft::Renaming& rename) const;
  LocalId Intern(const Member& member, const raft::Renaming& rename, raft::NodeId self);
  MessageId InternMessage(raft::Message message);
  LogId InternLog(const std::vector<raft::Entry>& entries);
  void Perform(Member& member, Event event) const;
  void Turn(Member& member, std::vector<raft::Message>& sent) const;
  raft::Options OptionsOf(raft::NodeId self) const;

  raft::Options options_;
  Disk disk_;
  raft::Configuration configuration_;
  Interner members_;
  std::vector<Facts> facts_;
  std::vector<std::array<LocalId, kPermutations.size()>> renamed_;
  Interner message_bytes_;
  std::vector<raft::Message> messages_;
  std::vector<std::array<MessageId, kPermutations.size()>> renamed_messages_;
  Interner log_bytes_;
  std::vector<std::vector<raft::Entry>> logs_;
  std::unordered_map<uint64_t, uint32_t> outcome_of_;
  std::deque<Outcome> outcomes_;
};

}  // namespace kp::properties
