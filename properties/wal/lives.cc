#include "properties/wal/lives.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "reference/runtime/sim/world.h"
#include "reference/store/wal.h"

namespace kp::properties {

using raft::Entry;
using raft::Index;
using raft::Term;
using runtime::sim::CrashKind;
using runtime::sim::World;
using store::Wal;
using store::WalContents;

namespace {

constexpr const char* kProcess = "store-0";
constexpr const char* kDirectory = "/data";

struct State {
  raft::HardState hard_state;
  Index base = 0;  // what a received snapshot replaced
  Term base_term = 0;
  std::vector<Entry> entries;  // after base

  Index last() const { return base + entries.size(); }
  // Nothing where there is no entry.
  std::optional<Term> TermAt(Index index) const {
    if (index == base) return base_term;
    if (index < base || index > last()) return std::nullopt;
    return entries[index - base - 1].term;
  }
};

class Life {
 public:
  explicit Life(uint64_t seed)
      : random_(Random(seed).Fork("wal lives")), world_({.seed = seed, .least_severity = runtime::Severity::kError}) {
    world_.Spawn(kProcess, "10.0.0.1");
    states_.emplace_back();
    segment_bytes_ = 100 + random_.Below(600);
    may_damage_ = random_.Chance(0.5);
    preallocate_ = random_.Chance(0.5);
    if (preallocate_) segment_bytes_ *= 4;
  }

  std::optional<std::string> Run() {
    for (int life = 1; life <= 5; ++life) {
      wal_ = std::make_unique<Wal>(
          world_.env(kProcess),
          store::WalOptions{
              .directory = kDirectory, .metadata = "id", .segment_bytes = segment_bytes_, .preallocate = preallocate_},
          [this](uint64_t id) { durable_ = id; });
      const auto contents = wal_->Recover();
      if (!contents.ok()) {
        if (damaged_ && contents.error().code() == Code::kDataLoss) return std::nullopt;
        return "life " + std::to_string(life) + ": " + contents.error().ToString();
      }
      if (auto wrong = Adopt(*contents)) return "life " + std::to_string(life) + ": " + *wrong;
      if (damaged_) return std::nullopt;
      for (uint64_t i = random_.Below(15); i > 0; --i) Act();
      Crash();
    }
    return std::nullopt;
  }

 private:
  const State& now() const { return states_.back(); }

  void Act() {
    const uint64_t kind = random_.Below(100);
    if (kind < 60) {
      Append();
    } else if (kind < 64) {
      ReceiveSnapshot();
    } else if (kind < 70) {
      SaveSnapshot();
    } else if (kind < 73) {
      world_.disk(kProcess).FailSyncs(1);  // the process ends with it, and the next life begins
    } else {
      world_.RunFor(std::chrono::microseconds(random_.Below(4000)));
    }
  }

  void Append() {
    State next = now();
    Wal::Batch batch;
    if (random_.Chance(0.3)) {
      ++next.hard_state.term;
      next.hard_state.vote = random_.Below(4);
      batch.hard_state = next.hard_state;
      // A new leader may overwrite what was not committed, and commits all it keeps here.
      const Index keep = next.hard_state.commit + random_.Below(next.last() - next.hard_state.commit + 1);
      if (random_.Chance(0.5)) next.entries.resize(keep - next.base);
    }
    const uint64_t count = random_.Below(4) + (batch.hard_state ? 0 : 1);
    for (uint64_t i = 0; i < count; ++i) {
      Entry entry{std::max<Term>(1, next.hard_state.term), next.last() + 1, raft::EntryType::kNormal,
                  raft::MakeBuffer(random_.Bytes(random_.Below(60)))};
      next.hard_state.term = entry.term;
      next.entries.push_back(entry);
      batch.entries.push_back(std::move(entry));
      batch.hard_state = next.hard_state;
    }
    // What is dropped stays on disk until something is written over it, so the model drops it then.
    if (batch.entries.empty()) next.entries = now().entries;
    if (random_.Chance(0.5)) next.hard_state.commit += random_.Below(next.last() - next.hard_state.commit + 1);
    batch.hard_state = next.hard_state;
    if (*batch.hard_state == now().hard_state && !batch.entries.empty()) batch.hard_state.reset();
    Write(std::move(next), std::move(batch));
  }

  void ReceiveSnapshot() {
    State next;
    next.hard_state = now().hard_state;
    ++next.hard_state.term;
    next.base = now().last() + 1 + random_.Below(5);
    next.base_term = next.hard_state.term;
    next.hard_state.commit = next.base;
    Wal::Batch batch;
    batch.hard_state = next.hard_state;
    batch.snapshot = MakeSnapshot(next.base, next.base_term);
    Write(std::move(next), std::move(batch));
  }

  void Write(State next, Wal::Batch batch) {
    states_.push_back(std::move(next));
    wal_->Append(states_.size() - 1, std::move(batch));
  }

  void SaveSnapshot() {
    const Index index = now().hard_state.commit;
    if (index <= now().base || wal_->saving_snapshot()) return;
    const Term term = now().entries[index - now().base - 1].term;
    wal_->SaveSnapshot(MakeSnapshot(index, term), [](Index) {});
  }

  static raft::Snapshot MakeSnapshot(Index index, Term term) {
    raft::Snapshot snapshot;
    snapshot.meta.index = index;
    snapshot.meta.term = term;
    snapshot.meta.configuration.voters = {1, 2, 3};
    snapshot.data = raft::MakeBuffer("state at " + std::to_string(index) + " of " + std::to_string(term));
    return snapshot;
  }

  void Crash() {
    world_.Crash(kProcess, random_.Chance(0.3) ? CrashKind::kKill : CrashKind::kPowerCut);
    wal_.reset();
    world_.Restart(kProcess);
    if (!may_damage_ || !random_.Chance(0.3)) return;
    runtime::Disk& disk = world_.env(kProcess).disk();
    auto names = disk.List(kDirectory);
    if (!names.ok() || names->empty()) return;
    const std::string path = std::string(kDirectory) + "/" + (*names)[random_.Below(names->size())];
    const auto bytes = disk.ReadAll(path);
    if (!bytes.ok() || bytes->empty()) return;
    damaged_ = world_.disk(kProcess).FlipBit(path, random_.Below(bytes->size()), static_cast<int>(random_.Below(8)));
  }

  // Goes on from what was read, after judging it.
  std::optional<std::string> Adopt(const WalContents& contents) {
    // Damage may be refused, but it never passes for a crash that lost what was reported.
    const size_t promised = std::max(durable_, recovered_);
    for (size_t i = states_.size(); i-- > promised;) {
      if (!Matches(states_[i], contents)) continue;
      State state = states_[i];
      if (state.TermAt(contents.raft.start.index) != contents.raft.start.term) {
        state.entries.clear();
        state.base = contents.raft.start.index;
        state.base_term = contents.raft.start.term;
      }
      state.hard_state = contents.raft.hard_state;
      state.hard_state.commit = std::max(state.hard_state.commit, contents.raft.start.index);
      // Everything this life appends comes after it; its first append makes it durable.
      recovered_ = promised;
      durable_ = 0;
      states_.push_back(std::move(state));
      wal_->Append(states_.size() - 1, {.hard_state = now().hard_state});
      return std::nullopt;
    }
    return "read a log to entry " + std::to_string(contents.raft.start.index + contents.raft.entries.size()) +
           " and term " + std::to_string(contents.raft.hard_state.term) + ", which is no state since append " +
           std::to_string(promised) + " of " + std::to_string(states_.size() - 1);
  }

  static bool Matches(const State& state, const WalContents& contents) {
    const raft::Recovered& read = contents.raft;
    if (read.start.index < state.base) return false;
    // A snapshot is sometimes kept while the log that led to it is lost. It stands for committed
    // entries; a log that disagrees with it there disagrees in all that follows.
    raft::HardState expected = state.hard_state;
    if (expected.term < read.start.term) expected = {read.start.term, raft::kNoNode, expected.commit};
    if (!(read.hard_state == expected)) return false;
    if (contents.snapshot && *contents.snapshot->data != *MakeSnapshot(read.start.index, read.start.term).data) {
      return false;
    }
    if (state.TermAt(read.start.index) != read.start.term) return read.entries.empty();
    const auto skip = static_cast<ptrdiff_t>(read.start.index - state.base);
    return std::equal(state.entries.begin() + skip, state.entries.end(), read.entries.begin(), read.entries.end());
  }

  Random random_;
  World world_;
  std::unique_ptr<Wal> wal_;
  std::vector<State> states_;  // states_[id]: after append `id`
  uint64_t segment_bytes_ = 0;
  bool may_damage_ = false;
  bool preallocate_ = false;
  bool damaged_ = false;
  size_t durable_ = 0;    // reported in this life
  size_t recovered_ = 0;  // what earlier lives reported
};

}  // namespace

std::optional<std::string> LiveAndCrash(uint64_t seed) { return Life(seed).Run(); }

}  // namespace kp::properties
