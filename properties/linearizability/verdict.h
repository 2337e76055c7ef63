// What a search says.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace kp::linearizability {

enum class Answer : unsigned char { kLegal, kIllegal, kUnknown };
std::string_view AnswerName(Answer answer);  // "linearizable", "not linearizable", "unknown"

struct Verdict {
  Answer answer = Answer::kUnknown;
  // kLegal: steps of the problem in an order that explains every result; crashed ones that it does
  // not need are left out.
  std::vector<uint32_t> order;
  // kIllegal: the index of the first return among the problem's moments that nothing explains.
  // kUnknown: as far as the search came.
  size_t moment = 0;
  std::string reason;  // kUnknown: why it stopped, and what it met there
  uint64_t steps = 0;  // configurations expanded
  size_t bytes = 0;    // held at the end
};

// What a search may cost. Steps rather than time, so that an answer does not depend on the machine.
struct Budget {
  uint64_t steps = 50'000'000;
  size_t bytes = size_t{1} << 30;
};

}  // namespace kp::linearizability
