#include "reference/raft/configuration_change.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "reference/raft/varint.h"

namespace kp::raft {
namespace {

using enum ChangeType;

Configuration Voters(std::set<NodeId> voters) {
  Configuration configuration;
  configuration.voters = std::move(voters);
  return configuration;
}

std::string Applied(const Configuration& configuration, const ConfigurationChange& change) {
  const auto next = Apply(configuration, change);
  return next.ok() ? next->ToString() : next.error().message();
}

TEST(ConfigurationChange, OneStepGoesDirectly) {
  Configuration configuration = Voters({1, 2});
  configuration.learners = {3};
  EXPECT_EQ(Applied(configuration, {kAddVoter, 3}), "(1 2 3)");
  EXPECT_EQ(Applied(configuration, {kAddVoter, 4}), "(1 2 4) learners=(3)");
  EXPECT_EQ(Applied(configuration, {kAddLearner, 2}), "(1) learners=(2 3)");
  EXPECT_EQ(Applied(configuration, {kRemove, 2}), "(1) learners=(3)");
  EXPECT_EQ(Applied(configuration, {kRemove, 3}), "(1 2)");
  EXPECT_EQ(Applied(configuration, {kUpdate, 2, "url"}), "(1 2) learners=(3)");
}

TEST(ConfigurationChange, SeveralStepsGoThroughAJointConfiguration) {
  const ConfigurationChange change(Transition::kAuto, {{kAddVoter, 4}, {kRemove, 1}, {kAddLearner, 2}});
  const auto joint = Apply(Voters({1, 2, 3}), change);
  ASSERT_TRUE(joint.ok());
  EXPECT_EQ(joint->ToString(), "(3 4)&&(1 2 3) learners_next=(2) auto_leave");
  EXPECT_EQ(Applied(*joint, ConfigurationChange::Leave()), "(3 4) learners=(2)");
}

TEST(ConfigurationChange, AJointConfigurationLastsUntilItIsLeftWhereThatWasAsked) {
  const auto joint = Apply(Voters({1, 2}), {Transition::kExplicit, {{kAddVoter, 3}}});
  ASSERT_TRUE(joint.ok());
  EXPECT_EQ(joint->ToString(), "(1 2 3)&&(1 2)");
  EXPECT_EQ(Applied(*joint, {kAddVoter, 4}), "raft: the joint configuration must be left first");
  EXPECT_EQ(Applied(*joint, ConfigurationChange::Leave()), "(1 2 3)");
}

TEST(ConfigurationChange, WhatDoesNotFitIsRefused) {
  EXPECT_EQ(Applied(Voters({1}), {kRemove, 1}), "raft: the last voter cannot be removed");
  EXPECT_EQ(Applied(Voters({1}), {kAddLearner, 1}), "raft: the last voter cannot be removed");
  EXPECT_EQ(Applied(Voters({1}), ConfigurationChange::Leave()), "raft: there is no joint configuration to leave");
}

rc::Gen<ConfigurationChange> AnyChange() {
  return rc::gen::map(rc::gen::tuple(rc::gen::inRange(0, 3),
                                     rc::gen::container<std::vector<std::pair<int, int>>>(
                                         rc::gen::pair(rc::gen::inRange(0, 4), rc::gen::inRange(1, 6))),
                                     rc::gen::arbitrary<std::string>()),
                      [](const auto& drawn) {
                        const auto& [transition, steps, context] = drawn;
                        ConfigurationChange change(static_cast<Transition>(transition), {}, context);
                        for (const auto& [type, node] : steps) {
                          change.steps.push_back({static_cast<ChangeType>(type), static_cast<NodeId>(node)});
                        }
                        return change;
                      });
}

// Any majority of `a` meets any majority of `b` when they differ by at most one voter.
size_t Difference(const std::set<NodeId>& a, const std::set<NodeId>& b) {
  std::vector<NodeId> difference;
  std::set_symmetric_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(difference));
  return difference.size();
}

RC_GTEST_PROP(ConfigurationChange, QuorumsBeforeAndAfterMeet, ()) {
  Configuration now = Voters({1, 2, 3});
  for (const ConfigurationChange& change : *rc::gen::container<std::vector<ConfigurationChange>>(8, AnyChange())) {
    const auto next = Apply(now, change);
    if (!next.ok()) continue;
    RC_ASSERT(next->Sound());
    if (next->joint()) {
      RC_ASSERT(next->outgoing == now.voters);
    } else if (now.joint()) {
      RC_ASSERT(next->voters == now.voters);
    } else {
      RC_ASSERT(Difference(next->voters, now.voters) <= 1u);
    }
    now = *next;
  }
}

RC_GTEST_PROP(ConfigurationChange, EncodingIsReversible, ()) {
  const ConfigurationChange change = *AnyChange();
  const auto decoded = DecodeChange(EncodeChange(change));
  RC_ASSERT(decoded.ok());
  RC_ASSERT(*decoded == change);
}

RC_GTEST_PROP(ConfigurationChange, EveryCutOfAnEncodingIsRefused, ()) {
  const std::string bytes = EncodeChange(*AnyChange());
  for (size_t size = 0; size < bytes.size(); ++size) RC_ASSERT(!DecodeChange(bytes.substr(0, size)).ok());
  RC_ASSERT(!DecodeChange(bytes + "x").ok());
}

TEST(ConfigurationChange, MalformedBytesAreRefused) {
  EXPECT_FALSE(DecodeChange(std::string("\x09\x01\x00", 3)).ok()) << "an unknown type";
  EXPECT_FALSE(DecodeChange(std::string("\x00\x00\x00", 3)).ok()) << "no node";
  EXPECT_FALSE(DecodeChange(std::string("\x10\x01\x00\x01\x00", 5)).ok()) << "a plain step in the long form";
}

TEST(Configuration, AJointQuorumNeedsBothHalves) {
  Configuration configuration = Voters({1, 2, 3});
  configuration.outgoing = {3, 4, 5};
  const auto match = [](NodeId id) -> uint64_t { return id <= 3 ? 10 : 4; };
  EXPECT_EQ(configuration.QuorumValue(match), 4u);
  const auto votes = [](NodeId id) -> std::optional<bool> { return id <= 3; };
  EXPECT_EQ(configuration.Count(votes), Configuration::Vote::kLost);
}

TEST(Configuration, EncodingIsReversibleAndChecked) {
  Configuration joint = Voters({1, 2});
  joint.outgoing = {2, 3};
  joint.learners = {4};
  joint.learners_next = {3};
  joint.auto_leave = true;
  for (const Configuration& configuration : {Voters({1, 300}), joint}) {
    std::string bytes;
    AppendConfiguration(bytes, configuration);
    std::string_view rest = bytes;
    EXPECT_EQ(ConsumeConfiguration(rest), configuration);
    EXPECT_TRUE(rest.empty());
    for (size_t size = 0; size < bytes.size(); ++size) {
      std::string_view cut(bytes.data(), size);
      EXPECT_FALSE(ConsumeConfiguration(cut).has_value()) << configuration.ToString() << " cut at " << size;
    }
  }
  joint.learners.insert(1);  // a voter
  std::string bytes;
  AppendConfiguration(bytes, joint);
  std::string_view rest = bytes;
  EXPECT_FALSE(ConsumeConfiguration(rest).has_value());
}

}  // namespace
}  // namespace kp::raft
