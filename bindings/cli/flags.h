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

  // kInvalidArgument: "unknown flag --x", "--secure-port: want a number, got \"y\"".
  Status Parse(int argc, char** argv);

 private:
  struct Flag {
    bool boolean = false;  // takes no following argument
    std::function<Status(std::string_view)> set;
  };
  std::map<std::string, Flag, std::less<>> flags_;
};

}  // namespace kp::cli
