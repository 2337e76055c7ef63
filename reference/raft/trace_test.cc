#include "reference/raft/trace.h"

#include <gtest/gtest.h>

#include <set>

#include "reference/raft/test_cluster.h"

namespace kp::raft {
namespace {

struct Lines : TraceSink {
  void OnEvent(const std::string& json) override { lines.push_back(json); }
  std::vector<std::string> lines;

  static std::string Between(const std::string& line, const std::string& before, const std::string& after) {
    const size_t begin = line.find(before);
    if (begin == std::string::npos) return "";
    const size_t from = begin + before.size();
    return line.substr(from, line.find(after, from) - from);
  }
  // The names of the events of one member, Ready left out.
  std::string Names(NodeId id) const {
    std::string names;
    for (const std::string& line : lines) {
      const std::string name = Between(line, "\"name\":\"", "\"");
      if (Between(line, "\"nid\":\"", "\"") != std::to_string(id) || name == "Ready") continue;
      names += (names.empty() ? "" : " ") + name;
    }
    return names;
  }
  std::string First(const std::string& name) const {
    for (const std::string& line : lines) {
      if (Between(line, "\"name\":\"", "\"") == name) return line;
    }
    return "";
  }
};

TEST(RaftTrace, TellsAFirstConfigurationAsEtcdDoes) {
  Lines trace;
  TestCluster cluster(3, {.trace = &trace});
  EXPECT_EQ(trace.Names(1), "InitState ApplyConfChange ApplyConfChange ApplyConfChange Bootstrap");
  EXPECT_EQ(trace.First("Bootstrap"),
            R"({"tag":"trace","event":{"name":"Bootstrap","nid":"1","state":{"term":1,"vote":"0","commit":3},)"
            R"("role":"StateFollower","log":3,"applied":3,"conf":[["1","2","3"],[]]}})");
}

TEST(RaftTrace, TellsAnElection) {
  Lines trace;
  TestCluster cluster(3, {.pre_vote = false, .trace = &trace});
  cluster.TurnAll();
  cluster.Settle();
  trace.lines.clear();
  cluster.node(1).Campaign();
  cluster.Turn(1);
  EXPECT_EQ(trace.Names(1), "BecomeCandidate SendRequestVoteRequest SendRequestVoteRequest SendRequestVoteResponse");
  EXPECT_EQ(trace.First("SendRequestVoteRequest"),
            R"({"tag":"trace","event":{"name":"SendRequestVoteRequest","nid":"1",)"
            R"("state":{"term":2,"vote":"1","commit":3},"role":"StateCandidate","log":3,"applied":3,)"
            R"("conf":[["1","2","3"],[]],"msg":{"type":"MsgVote","term":2,"from":"1","to":"2","entries":0,)"
            R"("logTerm":1,"index":3,"commit":0,"vote":"0","reject":false,"rejectHint":0}}})");
  trace.lines.clear();
  cluster.Sync(1);
  cluster.Deliver(0);
  EXPECT_EQ(trace.Names(2), "ReceiveRequestVoteRequest BecomeFollower SendRequestVoteResponse");
  cluster.Sync(2);
  trace.lines.clear();
  while (cluster.node(1).role() != Role::kLeader) cluster.Deliver(0);
  EXPECT_TRUE(trace.Names(1).starts_with(
      "ReceiveRequestVoteResponse BecomeLeader Replicate SendAppendEntriesResponse SendAppendEntriesRequest"))
      << trace.Names(1);
}

TEST(RaftTrace, TellsACommit) {
  Lines trace;
  TestCluster cluster(3, {.trace = &trace});
  cluster.Elect(1);
  trace.lines.clear();
  ASSERT_TRUE(cluster.Propose(1, "a").ok());
  cluster.Settle();
  std::vector<std::string> commits;
  for (const std::string& line : trace.lines) {
    if (line.find("\"Commit\"") != std::string::npos) commits.push_back(Lines::Between(line, "\"commit\":", "}"));
  }
  EXPECT_TRUE(std::is_sorted(commits.begin(), commits.end()));
  ASSERT_FALSE(commits.empty());
  EXPECT_EQ(commits.back(), "5") << "three first entries, one of the election, and this";
}

TEST(RaftTrace, TellsAChangeOfConfiguration) {
  Lines trace;
  TestCluster cluster(3, {.trace = &trace});
  cluster.Elect(1);
  trace.lines.clear();
  ASSERT_TRUE(cluster.node(1).ProposeChange({ChangeType::kRemove, 3}).ok());
  cluster.Settle();
  EXPECT_NE(trace.First("ChangeConf").find(R"("prop":{"cc":{"changes":[{"nid":"3","action":"RemoveServer"}]}})"),
            std::string::npos);
  EXPECT_NE(trace.First("ApplyConfChange").find(R"("conf":[["1","2","3"],[]],"prop":{"cc":{"newconf":["1","2"]}})"),
            std::string::npos);
}

// The specification keeps the messages in flight, and takes from them what is received.
TEST(RaftTrace, WhatIsReceivedWasSent) {
  Lines trace;
  TestCluster cluster(3, {.pre_vote = false, .check_quorum = false, .trace = &trace});
  Random random(7);
  for (int step = 0; step < 3000; ++step) {
    const NodeId id = 1 + random.Below(3);
    switch (random.Below(6)) {
      case 0: cluster.Tick(id); break;
      case 1: (void)cluster.Propose(id, "p"); break;
      case 2: cluster.Sync(id); break;
      default:
        if (!cluster.messages().empty()) cluster.Deliver(random.Below(cluster.messages().size()));
    }
    if (random.Below(200) == 0) cluster.node(id).Campaign();
    cluster.TurnAll();
  }
  std::multiset<std::string> sent;
  size_t received = 0;
  for (const std::string& line : trace.lines) {
    const std::string name = Lines::Between(line, "\"name\":\"", "\"");
    const std::string message = Lines::Between(line, "\"msg\":{", "}");
    if (name.starts_with("Send")) sent.insert(message);
    if (!name.starts_with("Receive")) continue;
    const auto found = sent.find(message);
    ASSERT_NE(found, sent.end()) << line;
    sent.erase(found);
    ++received;
  }
  EXPECT_GT(received, 500u);
}

TEST(RaftTrace, ARestartTellsNoFirstConfiguration) {
  Lines trace;
  TestCluster cluster(3, {.trace = &trace});
  cluster.Elect(1);
  cluster.member(2).Crash(0);
  trace.lines.clear();
  cluster.member(2).Start();
  EXPECT_EQ(trace.Names(2), "InitState");
}

}  // namespace
}  // namespace kp::raft
