#include "reference/raft/node.h"

#include <gtest/gtest.h>

#include "reference/raft/test_cluster.h"

namespace kp::raft {
namespace {

size_t CountMessages(const std::vector<Message>& messages, MessageType type) {
  return static_cast<size_t>(
      std::count_if(messages.begin(), messages.end(), [type](const Message& m) { return m.type == type; }));
}

void DropMessages(TestCluster& cluster, MessageType type) {
  std::erase_if(cluster.messages(), [type](const Message& m) { return m.type == type; });
}

// --- Elections

TEST(RaftElection, ASingleVoterLeadsOnceItsVoteIsDurable) {
  TestCluster cluster(1);
  cluster.node(1).Campaign();
  cluster.Turn(1);
  EXPECT_EQ(cluster.node(1).role(), Role::kCandidate);
  cluster.Settle();
  EXPECT_EQ(cluster.node(1).role(), Role::kLeader);
  EXPECT_EQ(cluster.node(1).log().commit(), 1u);
}

TEST(RaftElection, ATimeoutElectsALeaderAndAllAgreeOnIt) {
  TestCluster cluster(3);
  cluster.Pass(40);
  const NodeId leader = cluster.node(1).leader();
  ASSERT_NE(leader, kNoNode);
  for (NodeId id = 1; id <= 3; ++id) EXPECT_EQ(cluster.node(id).leader(), leader);
  EXPECT_EQ(cluster.node(leader).role(), Role::kLeader);
}

TEST(RaftElection, AMemberVotesOnceInATermAlsoAfterACrash) {
  TestCluster cluster(3);
  Message vote{.type = MessageType::kVote, .from = 2, .to = 1, .term = 5};
  cluster.node(1).Step(vote);
  cluster.Turn(1);
  EXPECT_TRUE(cluster.messages().empty()) << "a vote left before it was durable";
  cluster.Sync(1);
  ASSERT_EQ(CountMessages(cluster.messages(), MessageType::kVoteReply), 1u);
  EXPECT_FALSE(cluster.messages()[0].reject);
  cluster.messages().clear();

  cluster.member(1).Crash(0);
  cluster.member(1).Start();
  vote.from = 3;
  cluster.node(1).Step(vote);
  cluster.Turn(1);
  cluster.Sync(1);
  ASSERT_EQ(CountMessages(cluster.messages(), MessageType::kVoteReply), 1u);
  EXPECT_TRUE(cluster.messages()[0].reject);
}

TEST(RaftElection, ACandidateWithAShorterLogIsRefused) {
  TestCluster cluster(3);
  cluster.Elect(1);
  cluster.Isolate(3);
  ASSERT_TRUE(cluster.Propose(1, "a").ok());
  cluster.Settle();
  cluster.Heal();
  cluster.member(1).Crash(0);
  for (int i = 0; i < 20; ++i) cluster.Tick(2);  // 2 no longer believes in its leader
  cluster.messages().clear();
  cluster.node(3).Campaign();
  cluster.Settle();
  EXPECT_NE(cluster.node(3).role(), Role::kLeader);
}

TEST(RaftElection, APreVoteMovesNoTerm) {
  TestCluster cluster(3);
  cluster.Elect(1);
  const Term term = cluster.node(1).term();
  cluster.Isolate(3);
  cluster.Pass(60);  // 3 asks again and again
  EXPECT_EQ(cluster.node(3).term(), term);
  cluster.Heal();
  cluster.Pass(25);
  for (NodeId id = 1; id <= 3; ++id) EXPECT_EQ(cluster.node(id).term(), term);
  EXPECT_EQ(cluster.node(3).leader(), 1u);
}

TEST(RaftElection, AGrantedPreVoteIsNoVote) {
  TestCluster cluster(3);
  cluster.node(1).Campaign();
  cluster.Turn(1);
  cluster.node(1).Step({.type = MessageType::kPreVoteReply, .from = 2, .to = 1, .term = 1});
  cluster.Turn(1);
  cluster.Sync(1);
  EXPECT_EQ(cluster.node(1).role(), Role::kCandidate);
  cluster.node(1).Step({.type = MessageType::kPreVoteReply, .from = 3, .to = 1, .term = 1});
  EXPECT_EQ(cluster.node(1).role(), Role::kCandidate);
}

TEST(RaftElection, ALeaderWithoutQuorumStepsDown) {
  TestCluster cluster(3);
  cluster.Elect(1);
  cluster.Isolate(1);
  cluster.Tick(1, 21);
  EXPECT_EQ(cluster.node(1).role(), Role::kFollower);
  EXPECT_EQ(cluster.node(1).leader(), kNoNode);
}

TEST(RaftElection, AMemberThatHearsItsLeaderIgnoresVoteRequests) {
  TestCluster cluster(3);
  cluster.Elect(1);
  const Term term = cluster.node(2).term();
  cluster.node(2).Step({.type = MessageType::kVote, .from = 3, .to = 2, .term = term + 5, .index = 9, .log_term = 9});
  EXPECT_EQ(cluster.node(2).term(), term);
}

TEST(RaftElection, LeadershipIsHandedOverWithoutLosingProposals) {
  TestCluster cluster(3);
  cluster.Elect(1);
  cluster.Isolate(2);
  ASSERT_TRUE(cluster.Propose(1, "a").ok());
  cluster.Settle();
  cluster.Heal();
  ASSERT_TRUE(cluster.node(1).TransferLeader(2).ok());
  EXPECT_EQ(cluster.Propose(1, "b").code(), Code::kUnavailable);
  cluster.Settle();
  EXPECT_EQ(cluster.node(2).role(), Role::kLeader);
  EXPECT_EQ(cluster.node(1).role(), Role::kFollower);
  EXPECT_EQ(cluster.Applied(2), "a");
}

TEST(RaftElection, AFailedTransferIsGivenUp) {
  TestCluster cluster(3);
  cluster.Elect(1);
  cluster.Isolate(2);
  ASSERT_TRUE(cluster.node(1).TransferLeader(2).ok());
  cluster.Pass(11);
  EXPECT_EQ(cluster.node(1).role(), Role::kLeader);
  EXPECT_TRUE(cluster.Propose(1, "b").ok());
}

TEST(RaftElection, TransferTargetsAreChecked) {
  TestCluster cluster(3);
  EXPECT_EQ(cluster.node(1).TransferLeader(2).code(), Code::kFailedPrecondition);
  cluster.Elect(1);
  EXPECT_EQ(cluster.node(1).TransferLeader(9).code(), Code::kNotFound);
}

// --- Replication

TEST(RaftReplication, AProposalReachesAll) {
  TestCluster cluster(3);
  cluster.Elect(1);
  ASSERT_TRUE(cluster.Propose(1, "a").ok());
  ASSERT_TRUE(cluster.Propose(1, "b").ok());
  cluster.Settle();
  for (NodeId id = 1; id <= 3; ++id) EXPECT_EQ(cluster.Applied(id), "a,b");
}

TEST(RaftReplication, AFollowerRefusesProposalsUnlessTheyAreForwarded) {
  TestCluster refusing(3);
  refusing.Elect(1);
  EXPECT_EQ(refusing.Propose(2, "a").code(), Code::kFailedPrecondition);
  TestCluster forwarding(3, {.forward_proposals = true});
  forwarding.Elect(1);
  EXPECT_TRUE(forwarding.Propose(2, "a").ok());
  forwarding.Settle();
  EXPECT_EQ(forwarding.Applied(3), "a");
}

TEST(RaftReplication, AnUncommittedTailIsOverwritten) {
  TestCluster cluster(3);
  cluster.Elect(1);
  cluster.Isolate(1);
  for (const char* data : {"x", "y", "z"}) ASSERT_TRUE(cluster.Propose(1, data).ok());
  cluster.Settle();
  for (int i = 0; i < 20; ++i) cluster.Tick(3);
  cluster.Tick(2, 20);
  cluster.messages().clear();
  cluster.Elect(2);
  ASSERT_TRUE(cluster.Propose(2, "a").ok());
  cluster.Settle();
  cluster.Heal();
  cluster.Pass(3);
  EXPECT_EQ(cluster.Applied(1), "a");
  EXPECT_EQ(cluster.node(1).log().last(), cluster.node(2).log().last());
}

TEST(RaftReplication, ProposalsOfOneTurnShareAMessage) {
  TestCluster cluster(3);
  cluster.Elect(1);
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(cluster.node(1).Propose(MakeBuffer("p")).ok());
  cluster.Turn(1);
  EXPECT_EQ(CountMessages(cluster.messages(), MessageType::kAppend), 2u);
  EXPECT_EQ(cluster.messages()[0].entries.size(), 50u);
}

TEST(RaftReplication, ALongDivergenceIsFoundInFewSteps) {
  TestCluster cluster(3);
  cluster.Elect(1);
  cluster.Isolate(1);
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(cluster.Propose(1, "lost").ok());
  cluster.Settle();
  cluster.Tick(1, 25);  // steps down
  cluster.Tick(2, 20);
  cluster.Tick(3, 20);
  cluster.messages().clear();
  cluster.Elect(2);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(cluster.Propose(2, "kept").ok());
  cluster.Settle();
  cluster.Heal();
  cluster.Tick(2);
  size_t rejections = 0;
  for (int step = 0; step < 1000 && !cluster.messages().empty(); ++step) {
    if (cluster.messages()[0].type == MessageType::kAppendReply && cluster.messages()[0].reject) ++rejections;
    cluster.Deliver(0);
    cluster.Sync(1);
  }
  EXPECT_EQ(cluster.node(1).log().last(), cluster.node(2).log().last());
  EXPECT_LE(rejections, 3u);
}

TEST(RaftReplication, TheWindowOfMessagesInFlightIsBounded) {
  TestCluster cluster(3, {.max_inflight_messages = 4});
  cluster.Elect(1);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(cluster.Propose(1, "p").ok());
  EXPECT_EQ(CountMessages(cluster.messages(), MessageType::kAppend), 8u);
  cluster.messages().clear();  // all lost
  cluster.Pass(3);
  EXPECT_EQ(cluster.node(2).log().last(), cluster.node(1).log().last());
}

TEST(RaftReplication, TooManyUncommittedBytesAreRefused) {
  TestCluster cluster(3, {.max_uncommitted_bytes = 10});
  cluster.Elect(1);
  ASSERT_TRUE(cluster.Propose(1, "123456").ok());
  EXPECT_EQ(cluster.Propose(1, "123456").code(), Code::kResourceExhausted);
  cluster.Settle();
  EXPECT_TRUE(cluster.Propose(1, "123456").ok());
}

// --- The disk

TEST(RaftDisk, TheLeaderSendsBeforeItsOwnWriteIsDurable) {
  TestCluster cluster(3);
  cluster.Elect(1);
  cluster.StallDisk(1);
  ASSERT_TRUE(cluster.Propose(1, "a").ok());
  cluster.Settle();
  EXPECT_EQ(cluster.Applied(1), "a") << "two durable followers are a quorum";
}

TEST(RaftDisk, TheLeaderCountsItselfOnlyWhenDurable) {
  TestCluster cluster(3);
  cluster.Elect(1);
  const Index before = cluster.node(1).log().commit();
  cluster.StallDisk(1);
  cluster.StallDisk(2);
  ASSERT_TRUE(cluster.Propose(1, "a").ok());
  cluster.Settle();
  EXPECT_EQ(cluster.node(1).log().commit(), before) << "one durable copy of three is no quorum";
  cluster.ResumeDisk(1);
  cluster.Settle();
  EXPECT_EQ(cluster.node(1).log().commit(), before + 1);
}

TEST(RaftDisk, AnAcknowledgementWaitsForAllEarlierWrites) {
  TestCluster cluster(3);
  cluster.Elect(1);
  cluster.StallDisk(2);
  ASSERT_TRUE(cluster.Propose(1, "a").ok());
  const auto first = cluster.messages();
  cluster.Settle();
  for (const Message& message : first) {
    if (message.to == 2) cluster.node(2).Step(message);  // again, while the write is under way
  }
  cluster.Turn(2);
  EXPECT_TRUE(cluster.messages().empty());
  EXPECT_EQ(cluster.node(1).progress().at(2).match, 1u);
}

// The entry at index 2 is written, overwritten in a later term, and overwritten back, while the
// first write is still under way: its completion says nothing about the third.
TEST(RaftDisk, TheCompletionOfAnOverwrittenWriteCountsForNothing) {
  TestCluster cluster(3);
  const auto append = [&](Term term, Term entry_term, NodeId from) {
    cluster.node(1).Step(
        {.type = MessageType::kAppend,
         .from = from,
         .to = 1,
         .term = term,
         .entries = {{entry_term, 1, EntryType::kNormal, MakeBuffer("e" + std::to_string(entry_term))}}});
    cluster.Turn(1);
  };
  append(1, 1, 2);
  append(2, 2, 3);
  append(3, 1, 2);
  ASSERT_EQ(cluster.member(1).unsynced(), 3u);
  cluster.Sync(1);
  EXPECT_EQ(cluster.node(1).log().stable(), 0u);
  cluster.Sync(1);
  EXPECT_EQ(cluster.node(1).log().stable(), 0u);
  cluster.Sync(1);
  EXPECT_EQ(cluster.node(1).log().stable(), 1u);
}

// --- Commitment

// Raft figure 8: an entry of an older term on a majority is not committed by that.
TEST(RaftCommit, AnEntryOfAnOlderTermCommitsOnlyWithOneOfTheCurrentTerm) {
  Recovered recovered;
  recovered.hard_state = {.term = 2, .vote = 1, .commit = 0};
  recovered.start.configuration.voters = {1, 2, 3};
  recovered.entries = {{2, 1, EntryType::kNormal, MakeBuffer("old")}};
  Node node({.id = 1, .pre_vote = false}, Random(1), std::move(recovered));
  node.Campaign();
  node.OnAppended(node.TakeReady().append_id);
  node.Step({.type = MessageType::kVoteReply, .from = 2, .to = 1, .term = 3});
  ASSERT_EQ(node.role(), Role::kLeader);
  node.OnAppended(node.TakeReady().append_id);
  node.Step({.type = MessageType::kAppendReply, .from = 2, .to = 1, .term = 3, .index = 1});
  EXPECT_EQ(node.log().commit(), 0u);
  node.Step({.type = MessageType::kAppendReply, .from = 2, .to = 1, .term = 3, .index = 2});
  EXPECT_EQ(node.log().commit(), 2u);
}

TEST(RaftCommit, AnEmptyAppendCommitsOnlyWhatItVerified) {
  TestCluster cluster(3);
  auto append = [&](Message message) {
    message.type = MessageType::kAppend;
    message.to = 1;
    cluster.node(1).Step(std::move(message));
    cluster.Turn(1);
  };
  append({.from = 2, .term = 1, .entries = {{1, 1, EntryType::kNormal, nullptr}, {1, 2, EntryType::kNormal, nullptr}}});
  append({.from = 3, .term = 2, .index = 1, .log_term = 1, .commit = 2});
  EXPECT_EQ(cluster.node(1).log().commit(), 1u);
}

TEST(RaftCommit, ADelayedShorterAppendCutsNothing) {
  TestCluster cluster(3);
  cluster.Elect(1);
  ASSERT_TRUE(cluster.Propose(1, "a").ok());
  const auto early = cluster.messages();
  ASSERT_TRUE(cluster.Propose(1, "b").ok());
  cluster.Cut(1, 3);
  DropMessages(cluster, MessageType::kAppendReply);
  while (!cluster.messages().empty()) cluster.Deliver(0);
  const Index last = cluster.node(2).log().last();
  for (const Message& message : early) {
    if (message.to == 2) cluster.node(2).Step(message);
  }
  EXPECT_EQ(cluster.node(2).log().last(), last);
}

}  // namespace
}  // namespace kp::raft
