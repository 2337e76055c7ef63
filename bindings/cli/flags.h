// Command line flags in the manner of upstream's components: --name=value, --name value, and --name alone
// for booleans.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/status.h"

namespace kp::cli {

class Flags {
 public:
  void Text(std::string name, std::string* value);
  void Integer(std::string name, int* value);
  void Boolean(std::string name, bool* value);
  // --name alone stands for `alone`; a value needs the '='.
  void OptionalText(std::string name, std::string alone, std::string* value);
  // Comma-separated; may be given several times.
  void List(std::string name, std::vector<std::string>* values);
  // Accepted for the sake of upstream's command lines; has no effect here.
  void Ignored(std::string name);

  // Known upstream, and of a kind that must not be passed over in silence: "--x: not supported".
  void Refused(std::string name);

  // kInvalidArgument: "unknown flag --x", "--secure-port: want a number, got \"y\"".
  Status Parse(int argc, char** argv);
  // What Parse was not given, by PREFIX and the flag's name in capitals: ETCD_DATA_DIR for --data-dir. `lookup`
  // answers null for a variable that is not set.
  Status ParseEnvironment(std::string_view prefix, const std::function<const char*(const std::string&)>& lookup);
  // Flags without effect that were given.
  const std::vector<std::string>& ignored() const { return ignored_; }

 private:
  struct Flag {
    bool boolean = false;  // takes no following argument
    std::function<Status(std::string_view)> set;
    bool given = false;
  };
  static Status Set(const std::string& shown_name, Flag& flag, std::string_view value);
  std::map<std::string, Flag, std::less<>> flags_;
  std::vector<std::string> ignored_;
};

}  // namespace kp::cli
