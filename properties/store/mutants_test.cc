// Each script is right without, and wrong with, one deliberate bug.
#include <gtest/gtest.h>

#include "properties/store/scripts.h"
#include "reference/base/mutant.h"

namespace kp::properties {
namespace {

struct Script {
  const char* mutant;
  std::optional<std::string> (*violation)();
};

TEST(StoreMutants, EachScriptTellsItsBug) {
#ifdef KP_NO_MUTANTS
  GTEST_SKIP() << "not run: this build has no mutants";
#endif
  const Script scripts[] = {
      {"watch-loses-events-of-slow-watcher", SlowWatcherSeesAll},
      {"watch-progress-before-events", ProgressComesAfterEvents},
      {"store-drop-watch-event-at-compaction", CompactionKeepsItsRevision},
      {"store-lease-expires-early", LeaseLastsItsTime},
      {"protobuf-drops-range-more", RangeSaysThatThereIsMore},
  };
  for (const Script& script : scripts) {
    EXPECT_FALSE(script.violation()) << script.mutant;
    SetActiveMutant(script.mutant);
    EXPECT_TRUE(script.violation()) << script.mutant << " is not seen";
    SetActiveMutant("");
  }
}

}  // namespace
}  // namespace kp::properties
