#include "bindings/cli/dispatch.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "bindings/cli/commands.h"
#include "reference/base/mutant.h"

namespace kp::cli {
namespace {

struct Outcome {
  int code;
  std::string out;
  std::string err;
};

Outcome RunKubeproof(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "kubeproof");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const int code = Dispatch(static_cast<int>(argv.size()), argv.data());
  std::fflush(stdout);
  return {code, testing::internal::GetCapturedStdout(), testing::internal::GetCapturedStderr()};
}

TEST(Dispatch, SaysInOneLineWhatIsWrongWithACommandLine) {
  struct {
    std::vector<std::string> arguments;
    std::string error;
  } cases[] = {
      {{}, "kubeproof: a subcommand is missing; see kubeproof --help\n"},
      {{"conquer"}, "kubeproof: unknown subcommand 'conquer'; see kubeproof --help\n"},
      {{"--fast"}, "kubeproof: unknown flag '--fast'; see kubeproof --help\n"},
      {{"--mutant"}, "kubeproof: --mutant needs a name; see kubeproof --help\n"},
      {{"version", "now"}, "kubeproof version: takes no arguments, got 'now'\n"},
  };
  for (const auto& c : cases) {
    const Outcome outcome = RunKubeproof(c.arguments);
    EXPECT_EQ(outcome.code, 2) << c.error;
    EXPECT_EQ(outcome.err, c.error);
    EXPECT_EQ(outcome.out, "");
  }
}

TEST(Dispatch, HelpListsEverySubcommandOnStdout) {
  const Outcome outcome = RunKubeproof({"--help"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.err, "");
  for (const Command& command : Commands()) {
    EXPECT_NE(outcome.out.find("\n  " + std::string(command.name) + " "), std::string::npos) << command.name;
  }
}

TEST(Dispatch, SubcommandsHaveOneNameEach) {
  std::set<std::string_view> names;
  for (const Command& command : Commands()) EXPECT_TRUE(names.insert(command.name).second) << command.name;
}

#ifndef KP_NO_MUTANTS
TEST(Dispatch, MutantFlagSwitchesTheMutantOn) {
  EXPECT_EQ(RunKubeproof({"--mutant", "some-bug", "version"}).code, 0);
  EXPECT_EQ(ActiveMutant(), "some-bug");
  SetActiveMutant("");
}
#endif

}  // namespace
}  // namespace kp::cli
