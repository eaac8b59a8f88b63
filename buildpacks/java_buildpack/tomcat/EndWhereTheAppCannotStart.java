import org.apache.catalina.Container;
import org.apache.catalina.Lifecycle;
import org.apache.catalina.LifecycleEvent;
import org.apache.catalina.LifecycleListener;

/**
 * Tomcat stays up, answering 404, where an app cannot start. To the platform that looks healthy, so this listener of the
 * host ends it: the instance crashes and a push says so.
 */
public class EndWhereTheAppCannotStart implements LifecycleListener {
  @Override
  public void lifecycleEvent(LifecycleEvent event) {
    if (!Lifecycle.AFTER_START_EVENT.equals(event.getType())) return;
    for (Container app : ((Container) event.getSource()).findChildren()) {
      if (app.getState().isAvailable()) continue;
      System.err.println("The app could not be started, its reason stands above. Tomcat ends.");
      // Not exit: that waits for Tomcat's shutdown hook, which waits for this thread's start to end.
      Runtime.getRuntime().halt(1);
    }
  }
}
