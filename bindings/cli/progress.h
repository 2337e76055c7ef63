// How far a run is: one line that is rewritten on a terminal, now and then a line of its own elsewhere.
#pragma once

#include <map>
#include <string>

#include "reference/base/time.h"

namespace kp::cli {

class Progress {
 public:
  // Texts go to stderr: stdout is for results.
  Progress(bool terminal, Time start);

  // Jobs differ in length by what they run on, so time to finish is reckoned for each group, of which so many
  // run at a time.
  void Expect(const std::string& group, int jobs, int workers) {
    groups_[group].expected += jobs;
    groups_[group].workers = workers;
  }
  void Ended(const std::string& group, Duration took, bool failed, Time now);
  // A line that stays.
  void Say(const std::string& line);
  void Finish();

  // "[37/160] 2 failed, 12s, about 40s to go".
  std::string Line(Time now) const;

 private:
  struct Group {
    int expected = 0;
    int workers = 1;
    int ended = 0;
    Duration spent{};
  };

  bool terminal_;
  Time start_;
  Time last_line_;
  int failed_ = 0;
  bool line_is_open_ = false;
  std::map<std::string, Group> groups_;
};

}  // namespace kp::cli
