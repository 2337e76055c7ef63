// Files of histories, by events. All readers answer kInvalidArgument with the line for what they
// cannot read, and read any number of events.
#pragma once

#include "properties/history/operation.h"

namespace kp::history {

enum class Format : unsigned char {
  kJsonl,          // ours: one JSON object a line, with Jepsen's names
  kEdn,            // Jepsen's history.edn: one map a line, or one vector of maps
  kPorcupineKv,    // {:process 0, :type :invoke, :f :get, :key "0", :value nil}
  kPorcupineEtcd,  // INFO  jepsen.util - 0  :invoke  :cas  [4 2]
};

std::string_view FormatName(Format format);         // "jsonl", "edn", "porcupine-kv", "porcupine-etcd"
Result<Format> ParseFormat(std::string_view name);  // kInvalidArgument lists the names
Format GuessFormat(std::string_view text);          // by its first lines

Result<std::vector<Event>> ReadHistory(std::string_view text, Format format);
std::string WriteHistory(const std::vector<Event>& events, Format format);

}  // namespace kp::history
