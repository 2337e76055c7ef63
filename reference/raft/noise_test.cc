// Well-formed messages that make no sense: a member stays sound whatever a confused peer sends.
#include <gtest/gtest.h>

#include "reference/base/random.h"
#include "reference/raft/node.h"

namespace kp::raft {
namespace {

class Noise {
 public:
  explicit Noise(uint64_t seed) : random_(seed) {
    Recovered recovered;
    recovered.start.configuration.voters = {1, 2, 3};
    node_.emplace(Options{.id = 1,
                          .election_ticks = 3,
                          .pre_vote = random_.Chance(0.5),
                          .check_quorum = random_.Chance(0.5),
                          .forward_proposals = random_.Chance(0.5)},
                  Random(seed), std::move(recovered));
  }

  void Step() {
    switch (random_.Below(12)) {
      case 0: node_->Tick(); break;
      case 1: node_->Campaign(); break;
      case 2: (void)node_->Propose(MakeBuffer("p")); break;
      case 3: (void)node_->ReadIndex(random_.Below(4)); break;
      case 4: (void)node_->TransferLeader(random_.Below(5)); break;
      case 5: (void)node_->ProposeChange({static_cast<ChangeType>(random_.Below(4)), 1 + random_.Below(4)}); break;
      case 6: node_->ReportSnapshot(random_.Below(5), Node::SnapshotOutcome::kFailed); break;
      case 7: Turn(); break;
      default: Receive();
    }
    node_->CheckInvariants();
  }

  const Node& node() const { return *node_; }
  size_t received() const { return received_; }

 private:
  void Receive() {
    // Everything comes over the wire.
    const auto message = DecodeMessage(EncodeMessage(DrawMessage()));
    if (!message.ok()) return;
    const bool leads = message->type == MessageType::kAppend || message->type == MessageType::kHeartbeat ||
                       message->type == MessageType::kSnapshot;
    // A second leader of a term is beyond repair, and ends the process.
    if (leads && node_->role() == Role::kLeader && message->term == node_->term()) return;
    // So does what makes a member take no part any more, after which there is nothing left to see.
    if (message->type == MessageType::kHeartbeat && message->commit > node_->log().last()) return;
    ++received_;
    node_->Step(*message);
  }

  Message DrawMessage() {
    Message message{.type = static_cast<MessageType>(1 + random_.Below(13)), .from = 2 + random_.Below(3), .to = 1};
    // Around where the member is, so that something comes of it.
    message.term = node_->term() + random_.Below(3) - std::min<Term>(node_->term(), 1);
    message.index = random_.Below(node_->log().last() + 3);
    message.log_term = node_->log().TermAt(message.index).value_or(random_.Below(4));
    if (random_.Chance(0.2)) message.log_term = random_.Below(message.term + 1);
    message.hint = random_.Below(6);
    message.commit = random_.Below(node_->log().last() + 3);
    message.reject = random_.Chance(0.3);
    message.forced = random_.Chance(0.1);
    message.context = random_.Below(4);
    if (message.type == MessageType::kAppend || message.type == MessageType::kPropose) DrawEntries(message);
    if (message.type == MessageType::kSnapshot) DrawSnapshot(message);
    return message;
  }

  void DrawEntries(Message& message) {
    Term term = std::max<Term>(message.log_term, 1);
    for (uint64_t count = random_.Below(4); count > 0; --count) {
      if (random_.Chance(0.3)) ++term;
      Entry entry{.term = term, .data = MakeBuffer("e")};
      if (random_.Chance(0.2)) {
        entry.type = EntryType::kConfiguration;
        entry.data = MakeBuffer(EncodeChange({ChangeType::kAddLearner, 1 + random_.Below(4)}));
      }
      message.entries.push_back(std::move(entry));
    }
  }

  void DrawSnapshot(Message& message) {
    message.snapshot.emplace();
    message.snapshot->meta.index = 1 + random_.Below(node_->log().last() + 5);
    message.snapshot->meta.term = 1 + random_.Below(message.term + 1);
    message.snapshot->meta.configuration.voters = {1, 2, 3};
    if (random_.Chance(0.3)) message.snapshot->meta.configuration.learners = {4};
  }

  void Turn() {
    while (node_->HasReady()) {
      const Ready ready = node_->TakeReady();
      if (ready.snapshot) node_->OnSnapshotInstalled(ready.snapshot->meta.index);
      for (const Entry& entry : ready.committed) {
        if (entry.type != EntryType::kConfiguration) continue;
        if (const auto change = DecodeChange(entry.bytes()); change.ok()) node_->ApplyChange(*change);
      }
      if (!ready.committed.empty()) node_->OnApplied(ready.committed.back().index);
      if (ready.append_id != 0 && random_.Chance(0.7)) node_->OnAppended(ready.append_id);
      if (random_.Chance(0.1)) node_->Compact(node_->log().applied());
    }
  }

  Random random_;
  std::optional<Node> node_;
  size_t received_ = 0;
};

TEST(RaftNoise, LeavesAMemberSound) {
  size_t received = 0;
  Term terms = 0;
  Index commits = 0;
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    Noise noise(seed);
    for (int step = 0; step < 400; ++step) noise.Step();
    received += noise.received();
    terms += noise.node().term();
    commits += noise.node().log().commit();
  }
  EXPECT_GT(received, 20000u);
  EXPECT_GT(terms, 3000u) << "nothing came of it";
  EXPECT_GT(commits, 300u) << "nothing came of it";
}

}  // namespace
}  // namespace kp::raft
