#include "chaos/mutants.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace kp::chaos {
namespace {

using testing::HasSubstr;

// The names in the sources below the working folder, which is the source root.
std::set<std::string> NamesInSources() {
  // Split, or this file would name one.
  const std::string mark = std::string("KP_MUTANT") + "(\"";
  std::set<std::string> names;
  for (const char* folder : {"reference", "fixtures"}) {
    for (const auto& file : std::filesystem::recursive_directory_iterator(folder)) {
      const std::string extension = file.path().extension().string();
      if (extension != ".cc" && extension != ".h") continue;
      if (file.path().filename() == "mutant.h") continue;  // says how, in a comment
      std::ostringstream text;
      text << std::ifstream(file.path()).rdbuf();
      const std::string source = text.str();
      for (size_t at = source.find(mark); at != std::string::npos; at = source.find(mark, at + 1)) {
        const size_t begin = at + mark.size();
        names.insert(source.substr(begin, source.find('"', begin) - begin));
      }
    }
  }
  return names;
}

TEST(Mutants, ListAndSourcesAgree) {
  std::set<std::string> listed;
  for (const Mutant& mutant : BuiltinMutants()) listed.insert(mutant.name);
  const std::set<std::string> planted = NamesInSources();
  EXPECT_FALSE(planted.empty()) << "run from the source root";
  for (const std::string& name : planted) EXPECT_TRUE(listed.contains(name)) << name << " is not in chaos/mutants.yaml";
  for (const std::string& name : listed) EXPECT_TRUE(planted.contains(name)) << name << " is listed, not planted";
}

TEST(Mutants, ReadsAnEntry) {
  const auto mutants =
      ParseMutants("- {name: a-b, component: raft, breaks: it, faults: true, by: [x/y/z], properties: [p/q], seed: 7}");
  ASSERT_TRUE(mutants.ok()) << mutants.error().message();
  EXPECT_EQ(*mutants, std::vector{(Mutant{"a-b", "raft", "it", true, {"x/y/z"}, {"p/q"}, 7})});
}

TEST(Mutants, SaysWhatIsWrongWithAList) {
  EXPECT_THAT(ParseMutants("- {name: a, component: b}").status().message(), HasSubstr("breaks is missing"));
  EXPECT_THAT(ParseMutants("- {name: a, component: b, breaks: c, killed: d}").status().message(),
              HasSubstr("unknown key 'killed'"));
  EXPECT_THAT(
      ParseMutants("[{name: a, component: b, breaks: c}, {name: a, component: b, breaks: c}]").status().message(),
      HasSubstr("a: listed twice"));
}

}  // namespace
}  // namespace kp::chaos
