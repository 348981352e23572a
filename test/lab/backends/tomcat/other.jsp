<%@ include file="report.jspf" %><%
    report(request, response, "other", null, null);
%>ok
