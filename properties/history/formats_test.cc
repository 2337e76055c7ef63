#include "properties/history/formats.h"

#include <gtest/gtest.h>

#include "properties/history/edn.h"
#include "reference/api/json.h"

namespace kp::history {
namespace {

std::vector<Event> Sample() {
  return {{EventType::kInvoke, 0, "write", {}, 1, 10, 0},
          {EventType::kInvoke, 1, "read", {}, {}, 20, 0},
          {EventType::kOk, 0, "write", {}, 1, 30, 0},
          {EventType::kInfo, 1, "read", {}, {}, 40, 0}};
}

TEST(Formats, EachReadsWhatItWrites) {
  for (Format format : {Format::kJsonl, Format::kEdn, Format::kPorcupineEtcd}) {
    std::string text = WriteHistory(Sample(), format);
    EXPECT_EQ(GuessFormat(text), format) << text;
    Result<std::vector<Event>> events = ReadHistory(text, format);
    ASSERT_TRUE(events.ok()) << events.status().ToString();
    ASSERT_EQ(events->size(), 4u);
    EXPECT_EQ(WriteHistory(*events, format), text);
    EXPECT_EQ((*events)[3].type, EventType::kInfo);
    EXPECT_EQ((*events)[2].value, api::Value(1));
  }
}

TEST(Formats, ReadsPorcupinesKeyValueHistories) {
  std::string text =
      "{:process 0, :type :invoke, :f :get, :key \"0\", :value nil}\n"
      "{:process 0, :type :ok, :f :get, :key \"0\", :value \"x 0 0 y\"}\n";
  EXPECT_EQ(GuessFormat(text), Format::kPorcupineKv);
  std::vector<Event> events = *ReadHistory(text, Format::kPorcupineKv);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[1].key, api::Value("0"));
  EXPECT_EQ(events[1].value, api::Value("x 0 0 y"));
  EXPECT_EQ(WriteHistory(events, Format::kPorcupineKv), text);
}

TEST(Formats, LeavesTheNemesisOut) {
  std::string text =
      "INFO  jepsen.util - :nemesis\t:info\t:start\tnil\n"
      "INFO  jepsen.util - 3\t:invoke\t:cas\t[4 2]\n"
      "INFO  jepsen.util - 3\t:fail\t:cas\t[4 2]\n";
  std::vector<Event> events = *ReadHistory(text, Format::kPorcupineEtcd);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].value, api::Arr({4, 2}));
}

TEST(Formats, NamesTheLineThatCannotBeRead) {
  std::string text = "{\"type\":\"invoke\",\"process\":0,\"f\":\"read\"}\n{\"type\":\"maybe\",\"f\":\"read\"}\n";
  EXPECT_EQ(ReadHistory(text, Format::kJsonl).status().message(),
            "line 2: type must be invoke, ok, fail or info, not \"maybe\"");
  EXPECT_EQ(ReadHistory("{:type :ok", Format::kEdn).status().message(), "line 1: lacks a closing }");
}

TEST(Edn, ReadsWhatJepsenWrites) {
  std::string_view text = "#jepsen.history.Op{:index 1, :value #{3 -4}, :error [:a \"b\\n\"], 5 1.5} ; tail";
  api::Value value = *TakeEdn(text);
  EXPECT_EQ(api::ToJson(value), R"({"5":1.5,"error":["a","b\n"],"index":1,"value":[3,-4]})");
  EXPECT_EQ(TakeEdn(text).status().code(), Code::kOutOfRange);
}

TEST(Edn, RefusesWhatIsNotClosed) {
  for (std::string_view text : {"[1 2", "{:a", "\"abc", "]", "{:a 1 :b}"}) {
    std::string_view rest = text;
    EXPECT_EQ(TakeEdn(rest).status().code(), Code::kInvalidArgument) << text;
  }
}

TEST(Pair, RefusesCallsThatOverlapOnOneProcess) {
  std::vector<Event> events = {{EventType::kInvoke, 3, "read", {}, {}, 0, 1},
                               {EventType::kInvoke, 3, "read", {}, {}, 0, 2}};
  EXPECT_EQ(Pair(events).status().message(), "line 2: process 3 calls while its last call is open");
}

TEST(Pair, RefusesReturnsWithoutCallsAndCallsOfTheDead) {
  EXPECT_EQ(Pair({{EventType::kOk, 1, "read", {}, {}, 0, 4}}).status().message(),
            "line 4: process 1 completes what it did not call");
  std::vector<Event> events = {{EventType::kInvoke, 1, "write", {}, 1, 0, 1},
                               {EventType::kInfo, 1, "write", {}, 1, 0, 2},
                               {EventType::kInvoke, 1, "write", {}, 2, 0, 3}};
  EXPECT_EQ(Pair(events).status().message(), "line 3: process 1 calls again after an operation of unknown outcome");
}

}  // namespace
}  // namespace kp::history
