// A QuickFIX C++ acceptor that fills every order: executor PORT SESSIONS file|memory DIR
#include <quickfix/Application.h>
#include <quickfix/FileStore.h>
#include <quickfix/MessageStore.h>
#include <quickfix/Session.h>
#include <quickfix/SessionSettings.h>
#include <quickfix/SocketAcceptor.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>

class Executor : public FIX::Application {
  void onCreate(const FIX::SessionID&) override {}
  void onLogon(const FIX::SessionID&) override {}
  void onLogout(const FIX::SessionID&) override {}
  void toAdmin(FIX::Message&, const FIX::SessionID&) override {}
  void toApp(FIX::Message&, const FIX::SessionID&) throw(FIX::DoNotSend) override {}
  void fromAdmin(const FIX::Message&, const FIX::SessionID&) throw(FIX::FieldNotFound, FIX::IncorrectDataFormat,
                                                                   FIX::IncorrectTagValue, FIX::RejectLogon) override {}
  void fromApp(const FIX::Message& m, const FIX::SessionID& id) throw(FIX::FieldNotFound, FIX::IncorrectDataFormat,
                                                                      FIX::IncorrectTagValue,
                                                                      FIX::UnsupportedMessageType) override {
    FIX::Message out;
    out.getHeader().setField(35, "8");
    const std::string seq = m.getHeader().getField(34), qty = m.getField(38);
    out.setField(37, "O" + seq);
    out.setField(17, "E" + id.getTargetCompID().getValue() + "-" + seq);
    for (int tag : {11, 55, 54, 38, 40, 60}) out.setField(tag, m.getField(tag));
    out.setField(150, "F"); out.setField(39, "2"); out.setField(32, qty); out.setField(31, "60000");
    out.setField(151, "0"); out.setField(14, qty); out.setField(6, "60000");
    FIX::Session::sendToTarget(out, id);
  }
};

int main(int argc, char** argv) {
  if (argc != 5) {
    std::cerr << "usage: executor PORT SESSIONS file|memory DIR\n";
    return 2;
  }
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  std::stringstream cfg;
  cfg << "[DEFAULT]\nConnectionType=acceptor\nSocketAcceptPort=" << argv[1] << "\nSocketReuseAddress=Y\nSocketNodelay=Y\n"
      << "StartTime=00:00:00\nEndTime=00:00:00\nUseDataDictionary=N\nSenderCompID=BACKSTOP\nBeginString=FIX.4.4\nFileStorePath=" << argv[4] << "\n";
  for (int i = 0; i < std::atoi(argv[2]); i++) {
    char id[16];
    std::snprintf(id, sizeof id, "B%04d", i);
    cfg << "[SESSION]\nTargetCompID=" << id << "\n";
  }
  try {
    FIX::SessionSettings settings(cfg);
    Executor executor;
    std::unique_ptr<FIX::MessageStoreFactory> store;
    if (std::string(argv[3]) == "file") store.reset(new FIX::FileStoreFactory(settings));
    else store.reset(new FIX::MemoryStoreFactory());
    FIX::SocketAcceptor acceptor(executor, *store, settings);
    acceptor.start();
    int got;
    sigwait(&ends, &got);
    acceptor.stop(true);
    return 0;
  } catch (const std::exception& e) {
    std::cerr << "error: " << e.what() << "\n";
    return 1;
  }
}
