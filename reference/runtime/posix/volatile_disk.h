// A disk whose unsynced bytes exist in this process only, so that killing it is what a power cut is to a machine. For
// torture runs where the host cannot cut the power of a file system. What is written in place of data that a sync has
// made durable is lost or torn by sector; names (creation, rename, removal) are durable at once, which is kinder than
// a real disk; the simulator is unkind about them as well.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "reference/runtime/env.h"

namespace kp::runtime::posix {

class VolatileDisk : public Disk {
 public:
  VolatileDisk(Env& env, Disk& inner);

  // What a power cut now would leave: of every unsynced write nothing, all, or some of its sectors. The process must
  // end without another call.
  void PowerCut(Random& random);

  Result<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) override;
  Result<std::string> ReadAll(const std::string& path) override;
  void WriteAtomically(const std::string& path, std::string bytes, Completion<Status> done) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status Remove(const std::string& path) override;
  Status MakeDirectories(const std::string& path) override { return inner_.MakeDirectories(path); }
  Result<std::vector<std::string>> List(const std::string& directory) override { return inner_.List(directory); }
  bool Exists(const std::string& path) override { return inner_.Exists(path); }
  void SyncDirectory(const std::string& path, Completion<Status> done) override {
    inner_.SyncDirectory(path, std::move(done));
  }

 private:
  struct Inode;
  class VolatileFile;

  Env& env_;
  Disk& inner_;
  std::map<std::string, std::shared_ptr<Inode>> inodes_;
};

}  // namespace kp::runtime::posix
